"""The limit on an agent's connections holds for all processes together, and for each alone while Redis is away."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import websockets

from channels.roster import Members
from server.realtime.elsewhere import FRESH, UNTOLD, Elsewhere
from server.realtime.limits import RealtimeLimits
from server.realtime.sessions import Sessions
from tests.ground.eventually import eventually
from tests.ground.server import Servers
from tests.realtime.conftest import Node, running_node
from tests.realtime.sockets import socket

LIMIT = 12
WITHIN = 30.0


class Crowd:
    """One agent's connections, which stay open until `leave` or the end of the test."""

    def __init__(self, stack: AsyncExitStack, bearer: str) -> None:
        self._stack = stack
        self._bearer = bearer

    async def comes(self, url: str, count: int) -> list[AsyncExitStack]:
        """All at once; each is let in."""
        return list(await asyncio.gather(*(self._come(url) for _ in range(count))))

    async def _come(self, url: str) -> AsyncExitStack:
        own = await self._stack.enter_async_context(AsyncExitStack())
        await own.enter_async_context(socket(url, self._bearer))
        return own

    async def is_refused(self, url: str) -> bool:
        async with websockets.connect(url, ping_interval=None) as connection:
            await connection.send(json.dumps({"id": 1, "connect": {"token": self._bearer}}))
            try:
                await connection.recv()
            except websockets.ConnectionClosed as error:
                return error.rcvd is not None and (error.rcvd.code, error.rcvd.reason) == (3504, "connection limit")
        return False


@asynccontextmanager
async def two_nodes(database_url: str, redis_url: str) -> AsyncIterator[tuple[Node, Node]]:
    """With a limit that is soon reached."""
    async with running_node(database_url, redis_url) as one, running_node(database_url, redis_url) as two:
        for node in (one, two):
            node.services.sessions = Sessions(RealtimeLimits(LIMIT), elsewhere=node.services.elsewhere)
        await eventually(
            lambda: all(node.services.broker.connected for node in (one, two)), within=WITHIN, what="the bus"
        )
        yield one, two


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def told(node: Node, count: int) -> None:
    """Another process has told this one of so many connections."""

    async def known() -> bool:
        return await node.services.elsewhere.count(1) == count

    await eventually(known, within=WITHIN, what=f"{count} connections elsewhere are known")


async def test_the_limit_is_that_of_all_nodes_together(
    database_url: str, redis_url: str, stack: AsyncExitStack
) -> None:
    async with two_nodes(database_url, redis_url) as (one, two):
        crowd = Crowd(stack, await one.token("dana"))
        there = await crowd.comes(one.socket_url, LIMIT - UNTOLD)
        await told(two, LIMIT - UNTOLD)
        await crowd.comes(two.socket_url, UNTOLD)
        assert await crowd.is_refused(two.socket_url)
        await there[0].aclose()
        await told(two, LIMIT - UNTOLD - 1)
        await crowd.comes(two.socket_url, 1)
        await told(one, UNTOLD + 1)
        for node in (one, two):
            assert await crowd.is_refused(node.socket_url)
        for gone in there[1:]:
            await gone.aclose()
        await told(two, 0)
        await crowd.comes(one.socket_url, 1)
        other = Crowd(stack, await one.token("lee"))
        await other.comes(two.socket_url, LIMIT)
        await stack.aclose()


async def test_who_has_few_connections_is_not_told_of(database_url: str, redis_url: str, stack: AsyncExitStack) -> None:
    """Which is nearly everybody: their connecting waits for no Redis, and writes nothing there."""
    async with two_nodes(database_url, redis_url) as (one, two):
        crowd = Crowd(stack, await one.token("dana"))
        asked: list[int] = []

        async def count(agent_id: int) -> int:
            asked.append(agent_id)
            return 0

        one.services.elsewhere.count = count  # type: ignore[method-assign] # reason: only whether it is asked counts
        await crowd.comes(one.socket_url, UNTOLD)
        assert asked == []
        assert await two.services.elsewhere.count(1) == 0
        await crowd.comes(one.socket_url, 1)
        assert asked == [1]
        await stack.aclose()


async def test_a_crowd_of_one_agents_connections_asks_redis_once(
    database_url: str, redis_url: str, stack: AsyncExitStack
) -> None:
    async with two_nodes(database_url, redis_url) as (one, two):
        crowd = Crowd(stack, await one.token("dana"))
        await crowd.comes(one.socket_url, UNTOLD + 2)
        await told(two, UNTOLD + 2)
        clock = [0.0]
        elsewhere = Elsewhere(two.services.broker, now=lambda: clock[0])
        asked: list[str] = []
        members = elsewhere.roster.members

        async def counted(channel: str) -> Members:
            asked.append(channel)
            return await members(channel)

        elsewhere.roster.members = counted  # type: ignore[method-assign] # reason: counts, and asks
        assert await asyncio.gather(*(elsewhere.count(1) for _ in range(50))) == [UNTOLD + 2] * 50
        clock[0] = FRESH - 0.01
        assert await elsewhere.count(1) == UNTOLD + 2
        assert len(asked) == 1
        clock[0] = FRESH
        assert await elsewhere.count(1) == UNTOLD + 2
        assert len(asked) == 2
        await stack.aclose()


async def test_while_redis_is_away_each_process_counts_alone(
    database_url: str, private_redis: tuple[str, int], stack: AsyncExitStack
) -> None:
    url, pid = private_redis
    async with two_nodes(database_url, url) as (one, two):
        crowd = Crowd(stack, await one.token("dana"))
        await crowd.comes(one.socket_url, LIMIT - 1)
        await told(two, LIMIT - 1)
        os.kill(pid, signal.SIGSTOP)
        try:
            await eventually(lambda: not two.services.broker.connected, within=WITHIN, what="the loss is noticed")
            await crowd.comes(two.socket_url, LIMIT)
            assert await crowd.is_refused(two.socket_url)
        finally:
            os.kill(pid, signal.SIGCONT)
        await told(one, LIMIT)
        assert await crowd.is_refused(one.socket_url)
        await stack.aclose()


async def test_what_a_process_had_does_not_outlive_it(
    database_url: str, redis_url: str, servers: Servers, stack: AsyncExitStack
) -> None:
    async with two_nodes(database_url, redis_url) as (one, _two):
        dying = await servers.start()
        crowd = Crowd(stack, await one.token("dana"))
        await crowd.comes(dying.socket_url, LIMIT)
        await told(one, LIMIT)
        await crowd.comes(one.socket_url, UNTOLD)
        assert await crowd.is_refused(one.socket_url)
        dying.kill()
        await told(one, 0)
        await crowd.comes(one.socket_url, 1)
        await stack.aclose()
