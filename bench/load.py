"""Running wsload, the load client in C, and reading what it prints."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import LOAD_CORE, foreign_cores, on_core

SOURCES = Path(__file__).parent / "wsload"


class LoadFailed(Exception):
    """The load client did not end well; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a run, as wsload printed it."""

    raw: Mapping[str, Any]

    @property
    def elapsed(self) -> float:
        return float(self.raw["elapsed_s"])

    @property
    def foreign(self) -> float:
        """Cores that were busy with something else than the processes given to `run` and wsload itself."""
        own = sum(self.raw["cpu_s"].values()) + self.raw["own_cpu_s"]
        return foreign_cores(self.raw["busy_s"], own, self.raw["wall_s"])

    def cpu(self, *groups: str) -> float:
        """Seconds that these processes used."""
        return float(sum(self.raw["cpu_s"].get(group, 0.0) for group in groups))

    def count(self, name: str) -> int:
        return int(self.raw[name])

    def percentile(self, histogram: str, which: str) -> float:
        """Milliseconds; infinite where nothing was counted."""
        value = self.raw[histogram].get(which)
        return float("inf") if value is None else value / 1000


@dataclass(frozen=True, slots=True)
class Load:
    """A whole run."""

    raw: Mapping[str, Any]
    phases: Sequence[Phase]

    @property
    def foreign(self) -> float:
        return max((phase.foreign for phase in self.phases), default=0.0)

    @property
    def complete(self) -> bool:
        """Whether every viewer was there when the phases began."""
        return bool(self.raw["ready"] == self.raw["viewers"])


def parse(text: str) -> Load:
    """Raises LoadFailed where the text is no report."""
    try:
        raw = json.loads(text)
        return Load(raw, [Phase(phase) for phase in raw["phases"]])
    except (ValueError, KeyError, TypeError) as error:
        raise LoadFailed(f"no report: {text[-300:]!r}") from error


def run(
    program: Path,
    arguments: Sequence[str],
    phases: Sequence[str],
    roots: Mapping[str, int],
    *,
    core: int | None = LOAD_CORE,
) -> Load:
    """Runs wsload. `roots`: the processes whose CPU counts, by name. Raises LoadFailed."""
    command = [
        *([] if core is None else on_core(core)),
        str(program),
        *arguments,
        *(word for name, pid in roots.items() for word in ("--cpu", f"{name}={pid}")),
        *(word for phase in phases for word in ("--phase", phase)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired as error:
        raise LoadFailed("it did not end") from error
    if done.returncode != 0:
        raise LoadFailed(f"code {done.returncode}: {done.stderr[-600:]}")
    load = parse(done.stdout)
    if not load.complete:
        raise LoadFailed(f"{load.raw['ready']} of {load.raw['viewers']} viewers were ready: {done.stderr[-600:]}")
    return load


def build(folder: Path) -> Path:
    """Compiles wsload where its sources are newer than the program."""
    return compile_c(sorted(SOURCES.glob("*.c")), sorted(SOURCES.glob("*.h")), folder / "wsload")


def compile_c(sources: Sequence[Path], headers: Sequence[Path], program: Path) -> Path:
    newest = max(path.stat().st_mtime for path in (*sources, *headers))
    if not program.exists() or program.stat().st_mtime < newest:
        program.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", str(program), *map(str, sources)], check=True)
    return program
