"""The machine under the measurements: what its cores did, what our processes used of that, and what it is."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

TICKS = os.sysconf("SC_CLK_TCK")
FOREIGN_LIMIT = 0.25
"""Cores. A run during which other processes used more than this is thrown away."""

QUIET_LIMIT = 0.15
SERVER_CORE, LOAD_CORE = 0, 1


def busy_seconds(stat: str) -> float:
    """What all cores have worked since boot, from the text of /proc/stat: without idling, waiting and stolen time."""
    user, nice, system, _idle, _wait, irq, soft, *_ = map(int, stat.splitlines()[0].split()[1:])
    return (user + nice + system + irq + soft) / TICKS


def foreign_cores(busy: float, own: float, wall: float) -> float:
    """How many cores others kept busy: all that was worked, without what our own processes used.

    Ticks of /proc are 10 ms each, so this is good to a few hundredths for a run of seconds.
    """
    return max(0.0, (busy - own) / wall) if wall > 0 else 0.0


def is_busy(foreign: float) -> bool:
    """Whether a figure taken while others used `foreign` cores is no figure."""
    return foreign > FOREIGN_LIMIT


def tree_cpu(pid: int) -> float:
    """Seconds that a process and all below it have used, those that ended included."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


@dataclass(slots=True)
class Watch:
    """What happened while a block ran; filled in when it ends."""

    wall: float = 0.0
    foreign: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)


@contextmanager
def watched(**roots: int) -> Iterator[Watch]:
    """Measures a block: `roots` are our processes by name; what this process and its children use is ours as well."""
    watch = Watch()
    before = {name: tree_cpu(pid) for name, pid in roots.items()}
    busy, own, began = busy_seconds(_stat()), _own_cpu(), time.monotonic()
    yield watch
    watch.wall = time.monotonic() - began
    watch.cpu = {name: tree_cpu(pid) - before[name] for name, pid in roots.items()}
    used = sum(watch.cpu.values()) + _own_cpu() - own
    watch.foreign = foreign_cores(busy_seconds(_stat()) - busy, used, watch.wall)


def wait_until_quiet(patience: float = 20.0) -> None:
    """Gives what the last run left behind (and others) some time to end."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        before = busy_seconds(_stat())
        time.sleep(0.5)  # reason: the span over which the machine is watched
        if (busy_seconds(_stat()) - before) / 0.5 < QUIET_LIMIT:
            return


def pin(pid: int, cores: set[int] | None) -> None:
    """Puts a process and all below it on these cores; None: on any."""
    everywhere = set(range(os.cpu_count() or 1))
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            os.sched_setaffinity(process.pid, (cores & everywhere if cores else None) or everywhere)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return


def on_core(core: int) -> list[str]:
    """The words before a command that keep it on one core."""
    return ["taskset", "-c", str(core % (os.cpu_count() or 1))]


def description() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _own_cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _stat() -> str:
    return Path("/proc/stat").read_text()
