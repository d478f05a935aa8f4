"""The short run: each fault once, on two nodes, and the laws hold."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.faults.causing import FAULTS
from tests.faults.checker import check
from tests.faults.history import shown
from tests.faults.plan import Scale, rounds
from tests.faults.play import play
from tests.faults.stage import set_up

BOUND = 15.0
"""Three times law 7's: other work may keep this machine from its own."""

ON_A_CLUSTER = ("redis killed", "redis frozen", "pubsub killed", "pubsub overflow", "node frozen", "clients cut")


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("cluster", "faults"), [(False, list(FAULTS)), (True, ON_A_CLUSTER)], ids=["one Redis", "a cluster of three"]
)
async def test_the_laws_hold_through_every_fault(cluster: bool, faults: Sequence[str]) -> None:
    scale = Scale()
    async with set_up(scale, cluster=cluster) as stage:
        await play(stage, rounds(1, faults, scale))
    violations = check(stage.history, BOUND)
    told = [json.dumps(shown(stage.history.events[place])) for v in violations[:3] for place in v.places[:6]]
    assert not violations, "\n".join([*map(str, violations[:10]), *told])
