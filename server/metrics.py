"""Prometheus metrics, in a registry of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.samples import Sample

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets of request times."""

CONFLICTS = ("edit-conflict", "unseen-actions")


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
            buckets=SECONDS,
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
        # finding a counter by its labels costs more than counting
        self._answers: dict[tuple[str, str, int], Counter] = {}
        self._times: dict[tuple[str, str], Histogram] = {}
        self._outcomes: dict[tuple[str, str], Counter] = {}

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Counts an HTTP request; `seconds` None leaves its time out."""
        count = self._answers.get((method, route, status))
        if count is None:
            count = self._answers[method, route, status] = self.requests.labels(method, route, status)
        count.inc()
        if seconds is None:
            return
        times = self._times.get((method, route))
        if times is None:
            times = self._times[method, route] = self.request_seconds.labels(method, route)
        times.observe(seconds)

    def wrote(self, intent: str, outcome: str) -> None:
        """Counts a command by what it wanted and what became of it."""
        count = self._outcomes.get((intent, outcome))
        if count is None:
            count = self._outcomes[intent, outcome] = self.writes.labels(intent, outcome)
        count.inc()

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A gauge `casewire_<name>` whose value is asked at each scrape."""
        Gauge(f"casewire_{name}", meaning, registry=self.registry).set_function(value)

    def outcomes(self) -> tuple[int, int]:
        """Since the start of the process: how many commands were written, and how many met a conflict."""
        counted: dict[str, float] = {}
        for sample in _samples(self.writes, "_total"):
            outcome = sample.labels["outcome"]
            counted[outcome] = counted.get(outcome, 0) + sample.value
        return int(counted.get("written", 0)), int(sum(counted.get(name, 0) for name in CONFLICTS))

    def durations(self) -> list[int]:
        """Since the start of the process: how many requests took as long as each bucket says, and longer than all."""
        upto: dict[str, float] = {}
        for sample in _samples(self.request_seconds, "_bucket"):
            bound = sample.labels["le"]
            upto[bound] = upto.get(bound, 0) + sample.value
        counts = [int(upto.get(bound, 0)) for bound in (*map(str, SECONDS), "+Inf")]
        return [count - below for below, count in pairwise([0, *counts])]

    def rendered(self, accept: str) -> tuple[bytes, str]:
        """All metrics with their media type, in the format that the `Accept` header prefers."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


def _samples(metric: MetricWrapperBase, suffix: str) -> Iterator[Sample]:
    return (sample for family in metric.collect() for sample in family.samples if sample.name.endswith(suffix))
