"""One server, one database and one Node.js for all tests here: each test has customers and agents of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.ground.services import TestServices
from tests.realtime.conftest import Node, running_node
from tests.realtime.sdk.js_peer import Driver, JsPeer, driving
from tests.realtime.sdk.peer import WAYS, Peer, Way
from tests.realtime.sdk.python_peer import PythonPeer

Open = Callable[..., Awaitable[Peer]]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared(services: TestServices) -> AsyncIterator[Node]:
    with services.database() as database_url:
        async with running_node(database_url, services.redis()) as node:
            yield node


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def driver() -> AsyncIterator[Driver]:
    async with driving() as driver:
        yield driver


@asynccontextmanager
async def opened(driver: Driver, way: Way, url: str, tokens: list[str]) -> AsyncIterator[Peer]:
    """A client that has not connected yet. Its first token is given, the others are fetched."""
    if way.sdk == "python":
        peer: Peer = PythonPeer(
            f"{url.replace('http', 'ws')}/connection/websocket", tokens, protobuf=way.codec == "protobuf"
        )
    else:
        peer = JsPeer(driver)
        await peer.open(codec=way.codec, transport=way.transport, url=url, tokens=tokens)
    peer.label = str(way)
    try:
        yield peer
    finally:
        await peer.disconnect()


class Desk:
    """What a test needs: a server, agents of its own, and clients of them by one way."""

    def __init__(self, node: Node, driver: Driver, way: Way, stack: AsyncExitStack) -> None:
        self.node = node
        self.way = way
        self._driver = driver
        self._stack = stack
        self._suffix = uuid4().hex[:8]

    def name(self, who: str) -> str:
        """The agent's username: no other test has the same."""
        return f"{who}-{self._suffix}"

    async def token(self, who: str, ttl: timedelta | None = None) -> str:
        agent = await self.node.agent(self.name(who))
        tokens = self.node.services.tokens
        return tokens.issue(agent.id) if ttl is None else tokens.issue(agent.id, ttl=ttl)

    async def open(self, *tokens: str, url: str | None = None) -> Peer:
        return await self._stack.enter_async_context(opened(self._driver, self.way, url or self.node.url, list(tokens)))

    async def connected(self, who: str = "dana") -> Peer:
        peer = await self.open(await self.token(who))
        await peer.connect()
        await peer.tells("connected")
        return peer


@pytest_asyncio.fixture(params=WAYS, ids=str, loop_scope="package")
async def desk(shared: Node, driver: Driver, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield Desk(shared, driver, request.param, stack)
