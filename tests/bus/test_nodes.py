"""Two nodes on a cluster, on Sentinel, by TLS: whatever befalls Redis, viewers have everything once, in order, soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from channels.broker.topology import slot_of
from channels.command import AddComment
from server.settings import Rate
from tests.ground.eventually import eventually
from tests.ground.redis import Cluster, RedisServer, watched
from tests.ground.tls import behind_tls, make_certificate
from tests.realtime.conftest import Node, running_node
from tests.realtime.sockets import Socket, socket

EVERY = 0.02
WITHIN = 30.0


@asynccontextmanager
async def two_nodes(database_url: str, redis_url: str) -> AsyncIterator[tuple[Node, Node]]:
    settings: dict[str, Any] = {"rate_limit": Rate(100_000, 60)}
    async with (
        running_node(database_url, redis_url, **settings) as one,
        running_node(database_url, redis_url, **settings) as two,
    ):
        await one.agent("dana")
        for node in (one, two):
            await eventually(lambda node=node: node.services.broker.connected, within=WITHIN, what="the bus")
        yield one, two


class Trouble:
    """Writes at one node all the while, watched from another."""

    def __init__(self, one: Node, two: Node, customers: list[int]) -> None:
        self.one, self.two, self.customers = one, two, customers
        self.over = False
        self.committed: dict[int, list[float]] = {customer: [0.0] for customer in customers}
        self.arrived: dict[int, list[float]] = {customer: [] for customer in customers}

    async def write(self) -> None:
        while not self.over:
            for customer in self.customers:
                await self.one.write("dana", AddComment(customer, "x"))
                self.committed[customer].append(time.monotonic())
            await asyncio.sleep(EVERY)

    async def watch(self, viewer: Socket) -> None:
        while True:
            for customer in self.customers:
                offsets = viewer.offsets(f"customer:{customer}")
                assert offsets == list(range(2, len(offsets) + 2)), "once and in order"
                times = self.arrived[customer]
                times.extend([time.monotonic()] * (len(offsets) - len(times)))
            await asyncio.sleep(0.005)

    def complete(self) -> bool:
        return all(len(self.arrived[one]) == len(self.committed[one]) - 1 for one in self.customers)

    def latencies(self) -> list[float]:
        return sorted(
            arrived - committed
            for customer in self.customers
            for committed, arrived in zip(self.committed[customer][1:], self.arrived[customer], strict=True)
        )


async def survive(name: str, one: Node, two: Node, harm: Callable[[list[int]], Awaitable[object]]) -> None:
    """Harms Redis while customers are written at one node and watched at another."""
    customers = [(await one.customer()).id for _ in range(6)]
    channels = [f"customer:{customer}" for customer in customers]
    trouble, before = Trouble(one, two, customers), two.services.hub.healed
    async with socket(two.socket_url, one.services.tokens.issue(1), *channels) as viewer:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(trouble.watch(viewer))
            writing = tasks.create_task(trouble.write())
            await harm(customers)
            await eventually(lambda: two.services.broker.connected, within=WITHIN, what="the bus is back")
            healed = two.services.hub.healed - before
            marks = [len(trouble.committed[customer]) for customer in customers]
            await eventually(
                lambda: all(len(trouble.committed[c]) > mark + 5 for c, mark in zip(customers, marks, strict=True)),
                within=WITHIN,
                what="writes go on",
            )
            trouble.over = True
            await writing
            await eventually(trouble.complete, within=WITHIN, what="the viewer has everything")
            watching.cancel()
        # a request is counted in Redis wherever it is
        assert not one.services.limits.degraded or not one.services.broker.connected
    times = trouble.latencies()
    p99, worst = times[int(len(times) * 0.99)], times[-1]
    half = times[len(times) // 2]
    print(f"{name}: {len(times)} actions, {healed} by the stream; p50 {half:.3f} p99 {p99:.3f} worst {worst:.3f} s")
    assert worst < WITHIN


async def test_a_cluster_whose_slots_move_and_whose_master_dies(redis_cluster: Cluster, database_url: str) -> None:
    async with two_nodes(database_url, redis_cluster.url) as (one, two):
        quota = await one.services.limits.request("somebody")
        assert quota is not None
        assert not one.services.limits.degraded, "counted in the cluster"

        async def move(customers: list[int]) -> None:
            for customer in customers[:3]:
                slot = slot_of(two.services.broker.key(f"customer:{customer}"))
                source = await redis_cluster.owner(slot)
                goal = next(master for master in redis_cluster.masters[:3] if master is not source)
                await redis_cluster.move(slot, source, goal)

        async def kill(_customers: list[int]) -> None:
            redis_cluster.masters[0].kill()
            await eventually(lambda: not two.services.broker.connected, within=WITHIN, what="the loss is noticed")

        await survive("slots that move", one, two, move)
        await survive("a master that is killed", one, two, kill)


async def test_sentinel_replaces_a_master(tmp_path: Path, database_url: str) -> None:
    async with watched(tmp_path) as desk, two_nodes(database_url, desk.url) as (one, two):
        assert await one.services.limits.request("somebody") is not None
        assert not one.services.limits.degraded, "counted at the master"

        async def kill(_customers: list[int]) -> None:
            desk.master.kill()
            await eventually(lambda: not two.services.broker.connected, within=WITHIN, what="the loss is noticed")

        await survive("a master that Sentinel replaces", one, two, kill)


async def test_one_redis_that_is_frozen_and_whose_connections_are_killed(
    one_redis: RedisServer, database_url: str, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path)
    async with behind_tls(one_redis.port, certificate) as port:
        url = f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}"
        async with two_nodes(database_url, url) as (one, two):
            assert await one.services.limits.request("somebody") is not None
            assert not one.services.limits.degraded, "counted, by TLS"

            async def kill(_customers: list[int]) -> None:
                for _ in range(3):
                    await one_redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
                    await asyncio.sleep(0.3)

            async def freeze(_customers: list[int]) -> None:
                one_redis.freeze()
                await eventually(lambda: not two.services.broker.connected, within=WITHIN, what="it is noticed")
                one_redis.thaw()

            await survive("connections that are killed", one, two, kill)
            await survive("a Redis that is frozen for three seconds", one, two, freeze)
