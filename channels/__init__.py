"""The ground floor: the vocabulary of Casewire, the rules that need no I/O, the hub, and the broker.

Nothing here imports `persistence` or `server`.
"""
