"""A master, a replica and a real Sentinel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.broker.topology import Layout, Topology
from channels.redis_broker import why_unreachable
from tests.bus.conftest import outside
from tests.bus.follower import Sending, all_told, follower, lost, pair, reaches
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
        await all_told(sender, receiver)
        print(f"after SENTINEL FAILOVER: subscribed at the new master after {took:.2f} s")


class Held:
    """A look at the servers that does not end before `free` is set."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self.free = asyncio.Event()

    async def discover(self) -> Layout:
        await self.free.wait()
        return await self._topology.discover()


async def test_who_learns_late_of_a_new_master_tells_what_went_to_the_old_one(desk: Watched, redis_prefix: str) -> None:
    """The old one takes messages without a word, when those who followed it have gone already."""
    async with pair(desk.url, redis_prefix, CHANNELS) as (sender, receiver):
        held = Held(sender.broker._fleet._topology)
        sender.broker._fleet._topology = held
        await desk.sentinel.ask("SENTINEL", "FAILOVER", "desk")
        await eventually(lambda: set(receiver.missed) == set(CHANNELS), within=30, what="the new master serves")
        for channel in CHANNELS[:3]:
            sender.send(channel)
        await sender.broker.ask("PING", sender.broker.key(""))  # the one that it takes for the master has them now
        receiver.missed.clear()
        held.free.set()
        await eventually(lambda: receiver.missed, what="the sender tells of it")
        assert set(receiver.missed) == set(CHANNELS[:3])
        assert lost(sender, receiver) == 3
        assert sender.broker.dropped == 0


async def test_a_master_that_dies_is_replaced(desk: Watched, redis_prefix: str) -> None:
    async with pair(desk.url, redis_prefix, CHANNELS) as (sender, receiver):
        async with Sending(sender, CHANNELS):
            desk.master.kill()
            began = time.monotonic()
            await eventually(lambda: set(receiver.missed) == set(CHANNELS), within=30, what="the replica serves")
            took = time.monotonic() - began
            await reaches(sender, receiver, CHANNELS)
        await all_told(sender, receiver)
        print(f"after the master was killed: subscribed at the replica after {took:.2f} s")
    async with follower(desk.url, redis_prefix) as late:
        await late.follow(CHANNELS)
    reason = await why_unreachable(desk.url.replace("/desk", "/dask"))
    assert reason is not None
    assert "knows no service dask" in reason
