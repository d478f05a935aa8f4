"""The state of the system: what all processes told of themselves (`server.vitals`), added up. No I/O, no clock."""

from __future__ import annotations

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
Numbers = dict[str, float | None]


def system_state(entries: Iterable[Entry]) -> dict[str, Any]:
    """Sums of all processes, the last minutes as series (None where nobody told anything), and a row for each."""
    processes = sorted(entries, key=lambda entry: (entry["node"], entry["pid"]))
    latest = max((entry["tick"] for entry in processes), default=0)
    ticks = [_at(processes, tick) for tick in range(latest - KEPT + 1, latest + 1)]
    sums = [_sums(samples, EVERY) if samples else None for samples in ticks]
    rows = [_row(entry) for entry in processes]
    return {
        "tick_seconds": EVERY,
        "ends_at": latest * EVERY,
        "totals": _totals(processes, rows),
        "series": {name: [None if one is None else one[name] for one in sums] for name in SERIES},
        "processes": rows,
    }


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


def _sums(samples: Sequence[Sample], seconds: float) -> Numbers:
    """Samples of one tick, or of several of one process: gauges and counts add up, of the lags the longest counts."""

    def total(name: str) -> float:
        added: float = sum(sample[name] for sample in samples)
        return added

    def rate(name: str) -> float:
        return round(total(name) / seconds, 3)

    requests = [sum(bucket) for bucket in zip(*(sample["requests"] for sample in samples), strict=True)]
    return {
        "connections": total("connections"),
        "channels": total("channels"),
        "writes_per_second": rate("writes"),
        "conflicts_per_second": rate("conflicts"),
        "healed_per_second": rate("healed"),
        "healing_lag_seconds": max(sample["lag"] for sample in samples),
        "requests_per_second": round(sum(requests) / seconds, 3),
        "request_p95_seconds": quantile(requests, 0.95),
        "pool_open": total("pool"),
        "pool_busy": total("busy"),
        "waiting_writes": total("waiting"),
    }


def _row(entry: Entry) -> dict[str, Any]:
    """A process: how it stands now, and its rates over the last minute."""
    samples = _samples(entry)[-RECENT:]
    recent = _sums(samples, len(samples) * EVERY)
    now = _sums(samples[-1:], EVERY)
    rates = {name: recent[name] for name in SERIES if name.endswith("_second") or name == "request_p95_seconds"}
    return {
        **{name: entry[name] for name in ("node", "pid", "version", "started_at", "pool_max")},
        "redis_connected": entry["redis"],
        **now,
        **rates,
    }


def _totals(processes: Sequence[Entry], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    recent = [sample for entry in processes for sample in _samples(entry)[-RECENT:]]
    requests = [sum(bucket) for bucket in zip(*(sample["requests"] for sample in recent), strict=True)]
    added = [name for name in SERIES if not name.endswith(("_seconds", "lag_seconds"))]
    return {
        **{name: round(sum(row[name] for row in rows), 3) for name in (*added, "pool_max")},
        "agents_online": len(online(processes)),
        "healing_lag_seconds": max((row["healing_lag_seconds"] for row in rows), default=0.0),
        **{f"request_p{share}_seconds": quantile(requests, share / 100) for share in (50, 95, 99)},
        "redis_connected": sum(row["redis_connected"] for row in rows),
        "processes": len(rows),
        "nodes": len({row["node"] for row in rows}),
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


def _at(processes: Sequence[Entry], tick: int) -> Sequence[Sample]:
    """What the processes that were there had to say of one tick."""
    found = []
    for entry in processes:
        place = len(entry["series"]["lag"]) - 1 - (entry["tick"] - tick)
        if 0 <= place < len(entry["series"]["lag"]):
            found.append({name: values[place] for name, values in entry["series"].items()})
    return found
