"""What was measured: trials, their medians, and the file that keeps them."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.machine import is_busy


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of one subject in one round of an experiment.

    `numbers`: what it measured, by name; the unit ends the name (`_us`, `_ms`, `_s`, `_kib`, `_per_s`). Infinite is
    what did not come to an end.
    `foreign`: cores that other processes used meanwhile.
    """

    experiment: str
    subject: str
    round: int
    numbers: Mapping[str, float]
    foreign: float = 0.0

    @property
    def disturbed(self) -> bool:
        return is_busy(self.foreign)


@dataclass(slots=True)
class Results:
    """Everything that one or several runs of the bench found out on one machine."""

    machine: dict[str, object] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """Peers that could not be had, each with the reason."""
    made: dict[str, str] = field(default_factory=dict)
    """When each experiment was run."""
    trials: list[Trial] = field(default_factory=list)

    def replace(self, experiment: str, trials: Iterable[Trial], made: str) -> None:
        """The trials of an experiment; those of an earlier run make room, as ratios hold within one run only."""
        self.trials = [trial for trial in self.trials if trial.experiment != experiment] + list(trials)
        self.made[experiment] = made

    def medians(self, experiment: str, subject: str) -> dict[str, float] | None:
        """The median of each number over the undisturbed trials; None where there is none."""
        return medians(t for t in self.trials if (t.experiment, t.subject) == (experiment, subject))

    def rounds(self, experiment: str) -> int:
        """How many undisturbed trials stand behind the figure with the fewest."""
        subjects = {t.subject for t in self.trials if t.experiment == experiment}
        counts = [
            sum(not t.disturbed for t in self.trials if (t.experiment, t.subject) == (experiment, subject))
            for subject in subjects
        ]
        return min(counts, default=0)

    def save(self, path: Path) -> None:
        """As JSON, which has no word for what is infinite: `null` stands for it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = asdict(self)
        for trial in raw["trials"]:
            trial["numbers"] = {name: None if math.isinf(n) else n for name, n in trial["numbers"].items()}
        path.write_text(json.dumps(raw, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Results:
        """What the file holds; nothing where there is none."""
        if not path.exists():
            return cls()
        raw = json.loads(path.read_text())
        for trial in raw["trials"]:
            trial["numbers"] = {name: math.inf if n is None else n for name, n in trial["numbers"].items()}
        return cls(**{**raw, "trials": [Trial(**trial) for trial in raw["trials"]]})


def medians(trials: Iterable[Trial]) -> dict[str, float] | None:
    good = [trial.numbers for trial in trials if not trial.disturbed]
    if not good:
        return None
    names = [name for name in good[0] if all(name in numbers for numbers in good)]
    return {name: statistics.median(numbers[name] for numbers in good) for name in names}
