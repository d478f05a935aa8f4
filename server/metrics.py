"""Prometheus metrics, in a registry of our own."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one process. What others know is asked when somebody looks: see `watch`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "casewire_http_requests",
            "HTTP requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "casewire_http_request_seconds",
            "Time to answer an HTTP request; long polls are left out.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.limited = Counter(
            "casewire_rate_limited", "Requests refused by a rate limit.", ("limit",), registry=self.registry
        )
        self.writes = Counter(
            "casewire_writes",
            "Commands by what they wanted and what became of them.",
            ("intent", "outcome"),
            registry=self.registry,
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A gauge `casewire_<name>` whose value is asked at each scrape."""
        Gauge(f"casewire_{name}", meaning, registry=self.registry).set_function(value)

    def rendered(self, accept: str) -> tuple[bytes, str]:
        """All metrics with their media type, in the format that the `Accept` header prefers."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type
