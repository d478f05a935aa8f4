"""What every experiment is given: the ground, the peers, the load client, and how often and how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.ground import Ground, GroundError
from bench.load import Load, LoadFailed, run
from bench.machine import LOAD_CORE, wait_until_quiet
from bench.obtain import Peers
from bench.trials import Trial

ATTEMPTS = 3

Numbers = dict[str, float]
Measure = Callable[[], tuple[Numbers, float]]
"""Takes a measurement; returns the numbers and how many cores others used meanwhile."""


@dataclass(slots=True)
class Bench:
    ground: Ground
    peers: Peers
    wsload: Path
    rounds: int
    say: Callable[[str], None]
    scale: float = 1.0
    """Of the lengths of the phases; below 1 only for a first look."""

    patient: bool = True
    """False: measures whatever others do meanwhile, and once; only for a first look as well."""

    only: Sequence[str] = ()
    """The subjects that are measured; empty: all."""

    failures: list[str] = field(default_factory=list)

    def seconds(self, usual: float) -> float:
        return usual * self.scale

    def load(
        self, arguments: Sequence[str], phases: Sequence[str], roots: Mapping[str, int], *, core: int | None = LOAD_CORE
    ) -> Load:
        return run(self.wsload, arguments, phases, roots, core=core)

    def in_turns(self, experiment: str, subjects: Mapping[str, Measure]) -> list[Trial]:
        """Every subject once in each round, one after the other, so that what drifts drifts for all.

        What others disturbed is measured again, up to ATTEMPTS times; then it stays marked as disturbed.
        """
        trials = []
        for number in range(self.rounds):
            for subject, measure in subjects.items():
                if self.only and subject not in self.only:
                    continue
                trial = self._try(experiment, subject, number, measure)
                if trial is not None:
                    trials.append(trial)
        return trials

    def _try(self, experiment: str, subject: str, number: int, measure: Measure) -> Trial | None:
        trial = None
        for _ in range(ATTEMPTS if self.patient else 1):
            if self.patient:
                wait_until_quiet()
            try:
                numbers, foreign = measure()
            except (LoadFailed, GroundError) as error:
                self.failures.append(f"{experiment}, {subject}: {error}")
                self.say(f"  {experiment} {number + 1} {subject}: FAILED: {error}")
                return None
            trial = Trial(experiment, subject, number, numbers, round(foreign, 3))
            shown = "  ".join(f"{name} {value:.4g}" for name, value in numbers.items())
            self.say(
                f"  {experiment} {number + 1} {subject}: {shown}" + (f"  BUSY {foreign:.2f}" if trial.disturbed else "")
            )
            if not trial.disturbed:
                return trial
        return trial
