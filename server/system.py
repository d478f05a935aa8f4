"""The state of the system: what all processes told of themselves (`server.vitals`), added up. No I/O, no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from server.metrics import SECONDS
from server.vitals import EVERY, KEPT

RECENT = 12
"""Ticks that the present rates are taken from: one minute."""

Entry = Mapping[str, Any]
"""What a process told: see `server.vitals.Vitals`."""

Sample = Mapping[str, Any]
"""See `server.vitals.Sample`."""

Numbers = dict[str, float | None]

COUNTS = ("seconds", "writes", "conflicts", "healed")

SERIES = (
    "connections",
    "channels",
    "writes_per_second",
    "conflicts_per_second",
    "healed_per_second",
    "healing_lag_seconds",
    "requests_per_second",
    "request_p95_seconds",
    "pool_open",
    "pool_busy",
    "waiting_writes",
)


def system_state(entries: Iterable[Entry]) -> dict[str, Any]:
    """Sums of all processes, the last minutes as series (None where nobody told anything), and a row for each."""
    processes = sorted(entries, key=lambda entry: (entry["node"], entry["pid"]))
    told = [_samples(entry) for entry in processes]
    ticks: dict[int, list[Sample]] = defaultdict(list)
    for samples in told:
        for sample in samples:
            ticks[sample["tick"]].append(sample)
    latest = max(ticks, default=0)
    sums = [_sums(ticks[tick]) if tick in ticks else None for tick in range(latest - KEPT + 1, latest + 1)]
    recent = [_merged(samples[-RECENT:]) for samples in told]
    return {
        "tick_seconds": EVERY,
        "ends_at": latest * EVERY,
        "totals": _totals(processes, recent),
        "series": {name: [None if one is None else one[name] for one in sums] for name in SERIES},
        "processes": [_row(entry, sample) for entry, sample in zip(processes, recent, strict=True)],
    }


def online(entries: Iterable[Entry]) -> set[int]:
    """The ids of the agents who hold a connection to any of the processes."""
    return {agent_id for entry in entries for agent_id in entry["agents"]}


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The time within which that share of the requests was answered, in seconds; None where there were none.

    Within a bucket the requests are taken to be spread evenly, as Prometheus does.
    """
    wanted = share * sum(counts)
    if wanted == 0:
        return None
    for bucket, reached in enumerate(accumulate(counts[: len(SECONDS)])):
        if reached >= wanted:
            lower = SECONDS[bucket - 1] if bucket else 0.0
            part = (wanted - (reached - counts[bucket])) / counts[bucket]
            return round(lower + (SECONDS[bucket] - lower) * part, 5)
    return SECONDS[-1]


def _samples(entry: Entry) -> Sequence[Sample]:
    series = entry["series"]
    return [dict(zip(series, values, strict=True)) for values in zip(*series.values(), strict=True)]


def _merged(samples: Sequence[Sample]) -> Sample:
    """One process's last samples as one: how it stands now, and what it has counted over all of them."""
    counted = {name: sum(sample[name] for sample in samples) for name in COUNTS}
    return {**samples[-1], **counted, "requests": _added(samples)}


def _added(samples: Iterable[Sample]) -> list[int]:
    return [sum(bucket) for bucket in zip(*(sample["requests"] for sample in samples), strict=True)]


def _sums(samples: Sequence[Sample]) -> Numbers:
    """Samples of several processes: what there is and what happens add up, of the lags the longest counts."""

    def total(name: str) -> float:
        added: float = sum(sample[name] for sample in samples)
        return added

    def rate(name: str) -> float:
        each: float = sum(sample[name] / sample["seconds"] for sample in samples)
        return round(each, 3)

    return {
        "connections": total("connections"),
        "channels": total("channels"),
        "writes_per_second": rate("writes"),
        "conflicts_per_second": rate("conflicts"),
        "healed_per_second": rate("healed"),
        "healing_lag_seconds": max((sample["lag"] for sample in samples), default=0.0),
        "requests_per_second": round(sum(sum(sample["requests"]) / sample["seconds"] for sample in samples), 3),
        "request_p95_seconds": quantile(_added(samples), 0.95),
        "pool_open": total("pool"),
        "pool_busy": total("busy"),
        "waiting_writes": total("waiting"),
    }


def _row(entry: Entry, recent: Sample) -> dict[str, Any]:
    told = {name: entry[name] for name in ("node", "pid", "version", "started_at", "pool_max")}
    return {**told, "redis_connected": entry["redis"], **_sums([recent])}


def _totals(processes: Sequence[Entry], recent: Sequence[Sample]) -> dict[str, Any]:
    requests = _added(recent)
    return {
        **_sums(recent),
        **{f"request_p{share}_seconds": quantile(requests, share / 100) for share in (50, 99)},
        "pool_max": sum(entry["pool_max"] for entry in processes),
        "agents_online": len(online(processes)),
        "redis_connected": sum(entry["redis"] for entry in processes),
        "processes": len(processes),
        "nodes": len({entry["node"] for entry in processes}),
    }
