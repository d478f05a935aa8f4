"""The short run: each fault once, on two nodes, and the laws hold."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.faults.causing import FAULTS, OF_WORKERS
from tests.faults.checker import check
from tests.faults.history import shown
from tests.faults.plan import Scale, rounds
from tests.faults.play import play
from tests.faults.stage import set_up

BOUND = 15.0
"""Three times law 7's: other work may keep this machine from its own."""

ON_ONE_REDIS = tuple(name for name in FAULTS if name not in OF_WORKERS)
ON_A_CLUSTER = ("redis killed", "redis frozen", "pubsub killed", "pubsub overflow", "node frozen", "clients cut")
WITH_WORKERS = ("worker killed", "worker frozen", "node killed")


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("cluster", "workers", "faults"),
    [(False, 1, ON_ONE_REDIS), (True, 2, ON_A_CLUSTER + WITH_WORKERS)],
    ids=["one Redis", "a cluster of three, and workers"],
)
async def test_the_laws_hold_through_every_fault(cluster: bool, workers: int, faults: Sequence[str]) -> None:
    scale = Scale()
    async with set_up(scale, cluster=cluster, workers=workers) as stage:
        await play(stage, rounds(1, faults, scale))
    violations = check(stage.history, BOUND)
    told = [json.dumps(shown(stage.history.events[place])) for v in violations[:3] for place in v.places[:6]]
    assert not violations, "\n".join([*map(str, violations[:10]), *told])
