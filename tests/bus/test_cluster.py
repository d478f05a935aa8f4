"""A real cluster of three: whatever happens to its nodes and slots, nothing is lost without being told."""

from __future__ import annotations

import time

import pytest

from channels.broker.topology import slot_of
from tests.bus.follower import Follower, Sending, all_told, follower, lost, pair, reaches
from tests.ground.eventually import eventually
from tests.ground.redis import Cluster, newest_program

CHANNELS = [f"customer:{number}" for number in range(1, 31)]


def slot(one: Follower, channel: str) -> int:
    return slot_of(one.broker.key(channel))


async def test_messages_travel_within_their_shards(redis_cluster: Cluster, redis_prefix: str) -> None:
    async with pair(redis_cluster.url, redis_prefix, CHANNELS) as (sender, receiver):
        for _ in range(5):
            for channel in CHANNELS:
                sender.send(channel)
        await eventually(lambda: lost(sender, receiver) == 0, what="everything arrives")
        assert all(receiver.seen[channel] == [1, 2, 3, 4, 5] for channel in CHANNELS), "once and in order"
        assert not receiver.missed
        if newest_program()[1] >= 7:
            shards = [await master.ask("PUBSUB", "SHARDCHANNELS") for master in redis_cluster.masters]
            assert all(shards), "each of the three has some"
            assert sum(map(len, shards)) >= len(CHANNELS)


async def test_a_slot_that_moves_loses_nothing_unseen(redis_cluster: Cluster, redis_prefix: str) -> None:
    async with pair(redis_cluster.url, redis_prefix, CHANNELS) as (sender, receiver):
        moving = slot(receiver, CHANNELS[0])
        source = await redis_cluster.owner(moving)
        target = next(master for master in redis_cluster.masters if master is not source)
        async with Sending(sender, CHANNELS):
            await redis_cluster.move(moving, source, target)
            await eventually(lambda: receiver.missed.get(CHANNELS[0]), what="the move is told")
            took = await reaches(sender, receiver, CHANNELS)
        await all_told(sender, receiver)
        print(f"after a slot moved: {lost(sender, receiver)} lost, all told; messages again after {took:.3f} s")
        await redis_cluster.move(moving, target, source)


async def test_connections_that_are_killed_lose_nothing_unseen(redis_cluster: Cluster, redis_prefix: str) -> None:
    async with pair(redis_cluster.url, redis_prefix, CHANNELS) as (sender, receiver):
        async with Sending(sender, CHANNELS):
            for master in redis_cluster.masters:
                await master.ask("CLIENT", "KILL", "TYPE", "pubsub")
            await eventually(lambda: set(receiver.missed) == set(CHANNELS), what="each channel is told of")
            await reaches(sender, receiver, CHANNELS)
        await all_told(sender, receiver)


async def test_a_frozen_shard_delays_no_other(redis_cluster: Cluster, redis_prefix: str) -> None:
    async with pair(redis_cluster.url, redis_prefix, CHANNELS) as (sender, receiver):
        frozen = redis_cluster.masters[1]
        there = [one for one in CHANNELS if await redis_cluster.owner(slot(receiver, one)) is frozen]
        elsewhere = [one for one in CHANNELS if one not in there]
        assert there
        frozen.freeze()
        try:
            await reaches(sender, receiver, elsewhere, within=5)
            for channel in there:
                sender.send(channel)
            await eventually(lambda: not receiver.broker.connected, within=10, what="the silence is noticed")
            await reaches(sender, receiver, elsewhere, within=5)
        finally:
            frozen.thaw()
        await reaches(sender, receiver, CHANNELS, within=30)
        assert set(receiver.missed) >= set(there)
        await all_told(sender, receiver)


async def test_a_master_that_dies_is_replaced(redis_cluster: Cluster, redis_prefix: str) -> None:
    async with pair(redis_cluster.url, redis_prefix, CHANNELS) as (sender, receiver):
        dying = redis_cluster.masters[0]
        there = [one for one in CHANNELS if await redis_cluster.owner(slot(receiver, one)) is dying]
        async with Sending(sender, CHANNELS):
            dying.kill()
            began = time.monotonic()
            await eventually(lambda: set(receiver.missed) >= set(there), within=30, what="the replica serves")
            took = time.monotonic() - began
            await reaches(sender, receiver, CHANNELS)
        await all_told(sender, receiver)
        assert await redis_cluster.owner(slot(receiver, there[0])) is redis_cluster.replica
        print(f"after a master was killed: subscribed at its replica after {took:.2f} s")


async def test_a_process_that_comes_meanwhile_finds_the_cluster(redis_cluster: Cluster, redis_prefix: str) -> None:
    """The first node of the URL is dead (the test before has killed it)."""
    async with follower(redis_cluster.url, redis_prefix) as receiver:
        await receiver.follow(CHANNELS)


async def test_before_redis_7_one_node_carries_all(old_cluster: Cluster, redis_prefix: str) -> None:
    async with pair(old_cluster.url, redis_prefix, CHANNELS) as (sender, receiver):
        for channel in CHANNELS:
            sender.send(channel)
        await eventually(lambda: lost(sender, receiver) == 0, what="everything arrives")
        async with Sending(sender, CHANNELS):
            for master in old_cluster.masters:  # wherever they are connected, there it breaks
                await master.ask("CLIENT", "KILL", "TYPE", "pubsub")
            await eventually(lambda: set(receiver.missed) == set(CHANNELS), what="each channel is told of")
            old_cluster.masters[2].kill()
            await reaches(sender, receiver, CHANNELS, within=30)
        await all_told(sender, receiver)


@pytest.mark.parametrize("key", [b"a", b"casewire:{customer:42}", b"x{}y", b"{}", b"a{b"])
async def test_the_slot_of_a_key_is_the_servers_own(redis_cluster: Cluster, key: bytes) -> None:
    assert await redis_cluster.masters[1].ask("CLUSTER", "KEYSLOT", key) == slot_of(key)
