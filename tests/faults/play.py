"""Playing a plan: round after round, writes with a fault among them, then quiet until all is healed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tests.faults.causing import FAULTS
from tests.faults.plan import Round, Step
from tests.faults.scribe import Scribe
from tests.faults.stage import Stage, read_finally

Progress = Callable[[Round], None]


async def play(stage: Stage, rounds: Sequence[Round], progress: Progress = lambda _round: None) -> None:
    """Afterwards the stage's history is complete. Raises AssertionError where something did not heal at all."""
    for round_ in rounds:
        await _play_round(stage, round_)
        progress(round_)
    await read_finally(stage)


async def _play_round(stage: Stage, round_: Round) -> None:
    stage.working = len(stage.scribes)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_fault(stage, round_), name=round_.fault)
        for scribe, steps in zip(stage.scribes, round_.steps, strict=True):
            tasks.create_task(_work(stage, scribe, steps))
    await stage.until_all_have_all()


async def _fault(stage: Stage, round_: Round) -> None:
    await stage.until_attempted(round_.after)
    await asyncio.gather(*(FAULTS[name](stage, round_) for name in round_.fault.split(" + ")))


async def _work(stage: Stage, scribe: Scribe, steps: Sequence[Step]) -> None:
    try:
        await scribe.work(steps)
    finally:
        stage.working -= 1
