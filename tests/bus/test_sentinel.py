"""A master, a replica and a real Sentinel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.redis_broker import why_unreachable
from tests.bus.conftest import outside
from tests.bus.follower import Sending, follower, pair, reaches, silently_lost
from tests.ground.eventually import eventually
from tests.ground.redis import Watched, watched

CHANNELS = [f"customer:{number}" for number in range(1, 11)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Watched]:
    with outside(watched(tmp_path)) as running:
        yield running


async def test_a_master_that_is_replaced_in_good_order(desk: Watched, redis_prefix: str) -> None:
    """The old one lives on, as a replica."""
    async with pair(desk.url, redis_prefix, CHANNELS) as (sender, receiver):
        async with Sending(sender, CHANNELS):
            await desk.sentinel.ask("SENTINEL", "FAILOVER", "desk")
            began = time.monotonic()
            await eventually(lambda: set(receiver.missed) == set(CHANNELS), within=30, what="the new master serves")
            took = time.monotonic() - began
            await reaches(sender, receiver, CHANNELS)
        await asyncio.sleep(0.2)
        assert sum(map(len, silently_lost(sender, receiver).values())) <= sender.broker.dropped
        print(f"after SENTINEL FAILOVER: subscribed at the new master after {took:.2f} s")


async def test_a_master_that_dies_is_replaced(desk: Watched, redis_prefix: str) -> None:
    async with pair(desk.url, redis_prefix, CHANNELS) as (sender, receiver):
        async with Sending(sender, CHANNELS):
            desk.master.kill()
            began = time.monotonic()
            await eventually(lambda: set(receiver.missed) == set(CHANNELS), within=30, what="the replica serves")
            took = time.monotonic() - began
            await reaches(sender, receiver, CHANNELS)
        await asyncio.sleep(0.2)
        assert sum(map(len, silently_lost(sender, receiver).values())) <= sender.broker.dropped
        print(f"after the master was killed: subscribed at the replica after {took:.2f} s")
    async with follower(desk.url, redis_prefix) as late:
        await late.follow(CHANNELS)
    reason = await why_unreachable(desk.url.replace("/desk", "/dask"))
    assert reason is not None
    assert "knows no service dask" in reason
