"""How fast Casewire is, beside its peers, on this machine: `make bench`. See docs/performance.md."""
