"""What the memory of an idle client is spent on: `python -m bench.profile memory`, with memray (`pip install memray`).

The shipped server runs under memray, which sees each allocation, those of Python's own allocator included. What is
alive while CLIENTS are connected, subscribed and silent, without what was alive before they came, is theirs.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.bench import Bench
from bench.fanout_servers import viewing
from bench.ground import PROJECT
from bench.machine import LOAD_CORE, SERVER_CORE

CLIENTS, FIRST = 2000, 100
"""`FIRST` come and go before, so that what the first client alone causes is not counted."""

IDLE = 4.0
SHOWN = 15

Frame = tuple[str, str, int]
"""Function, file, line."""


class Span(Protocol):
    """When blocks of one stack were alive, in memray's words: in numbers of the snapshots that it takes."""

    allocated_before_snapshot: int
    deallocated_before_snapshot: int | None
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Bytes of all clients together: `sites` by the place that allocated them, `total` their sum. `peak`: the whole
    process at its largest."""

    sites: Counter[str]
    total: int
    peak: int


def memory(bench: Bench) -> Spent:
    """Runs the server under memray with CLIENTS idle clients."""
    ground = bench.ground
    path = ground.temporary / "allocations"
    under = ("-m", "memray", "run", "--quiet", "--trace-python-allocators", "--output", str(path))
    with (
        ground.redis(LOAD_CORE) as redis,
        ground.node("people", redis, SERVER_CORE, under) as node,
    ):
        words = viewing(node.port, ground.tokens(range(1, 201)), "1:1000")
        bench.load(["-n", str(FIRST), *words], ["idle:1"], {"server": node.pid})
        time.sleep(1)  # they leave
        before = time.time()
        bench.load(["-n", str(CLIENTS), "--settle", "2", *words], [f"idle:{IDLE}"], {"server": node.pid})
        during = time.time() - IDLE / 2
    return read(path, before, during)


def read(path: Path, before: float, during: float) -> Spent:
    """From memray's file; `before` and `during` in seconds since the epoch."""
    from memray import FileReader

    sites: Counter[str] = Counter()
    with FileReader(path) as reader:
        times = [snapshot.time / 1000 for snapshot in reader.get_memory_snapshots()]
        first, last = (sum(moment <= then for moment in times) for then in (before, during))
        for record in reader.get_temporal_allocation_records(merge_threads=True):
            grown = alive(record.intervals, last) - alive(record.intervals, first)
            if grown:
                sites[site(record.stack_trace())] += grown
        peak = reader.metadata.peak_memory
    return Spent(sites, sum(sites.values()), peak)


def alive(spans: Iterable[Span], snapshot: int) -> int:
    """Bytes that were allocated before a snapshot and not freed before it."""
    return sum(
        span.n_bytes
        for span in spans
        if span.allocated_before_snapshot < snapshot
        and (span.deallocated_before_snapshot is None or span.deallocated_before_snapshot >= snapshot)
    )


def site(stack: Sequence[Frame]) -> str:
    """The function that allocated; `stack` begins with the innermost. The event loop is not Python: what it allocates
    seems to come from the command that runs it."""
    for function, file, _line in stack:
        if "/typer/" in file:
            break
        if not file.startswith("<"):  # made by dataclasses and the like
            return f"{function} ({_short(file)})"
    return "the event loop"


def report(spent: Spent, say: Callable[[str], None]) -> None:
    """The peak, and the places that an idle client's memory comes from, the largest first."""
    say(f"\npeak of the process: {spent.peak / 2**20:.1f} MiB")
    say(f"for each of {CLIENTS:,} clients: {spent.total / CLIENTS / 1024:.2f} KiB")
    for name, size in spent.sites.most_common(SHOWN):
        say(f"  {size / CLIENTS:7.0f} bytes {size / spent.total:6.1%}  {name}")


def _short(file: str) -> str:
    """Without the folders that say nothing."""
    for root in sorted({*sys.path, str(PROJECT)}, key=len, reverse=True):
        if root and file.startswith(root + "/"):
            return file.removeprefix(root + "/")
    return file
