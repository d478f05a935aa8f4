"""The short run: each fault once, on two nodes, and the laws hold."""

from __future__ import annotations

import json

import pytest

from tests.faults.causing import FAULTS
from tests.faults.checker import check
from tests.faults.history import shown
from tests.faults.plan import Scale, rounds
from tests.faults.play import play
from tests.faults.stage import set_up

BOUND = 15.0
"""Three times law 7's: other work may keep this machine from its own."""


@pytest.mark.timeout(400)
async def test_the_laws_hold_through_every_fault() -> None:
    scale = Scale()
    async with set_up(scale) as stage:
        await play(stage, rounds(1, list(FAULTS), scale))
    violations = check(stage.history, BOUND)
    told = [json.dumps(shown(stage.history.events[place])) for v in violations[:3] for place in v.places[:6]]
    assert not violations, "\n".join([*map(str, violations[:10]), *told])
