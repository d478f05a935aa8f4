"""A server in the test's own event loop, and official SDK clients that connect to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn

from channels.agent import Agent, Role
from channels.command import CreateCustomer, Intent
from channels.customer import Customer
from persistence.recorder import Recorded
from server.app import create_app
from server.embedded import EmbeddedServices
from server.http_protocol import http_protocol
from server.perform import perform
from server.services import Services
from server.settings import Settings
from tests.ground.eventually import eventually
from tests.ground.folder import reachable_folder
from tests.ground.server import SECRET_KEY


@dataclass
class Node:
    """One running server, seen from outside (`port`) and from inside (`services`)."""

    port: int
    services: Services
    server: uvicorn.Server
    hiring: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def agent(self, username: str, role: Role = Role.AGENT) -> Agent:
        """The agent of that name, made at the first call."""
        async with self.hiring:
            found = self.services.directory.by_username(username)
            if found is None:
                found = await self.services.agents.create(username, username.title(), role, None)
                await self.services.announce_directory_change()
        return found

    async def token(self, username: str) -> str:
        return self.services.tokens.issue((await self.agent(username)).id)

    async def write(self, username: str, intent: Intent, command_id: UUID | None = None) -> Recorded:
        return await perform(self.services, await self.agent(username), intent, command_id or uuid4())

    async def customer(self, **values: Any) -> Customer:
        return (await self.write("dana", CreateCustomer({"name": "Acme", "status": "open", **values}))).customer


@asynccontextmanager
async def running_node(database_url: str, redis_url: str, *, http: Any = None, **settings: Any) -> AsyncIterator[Node]:
    """`http` is uvicorn's protocol of HTTP; by default ours."""
    given = {"database_url": database_url, "redis_url": redis_url, "secret_key": SECRET_KEY, "rate_limit": None}
    app = create_app(Settings(**{**given, **settings}))
    config = uvicorn.Config(
        app, port=0, http=http or http_protocol(), ws="websockets-sansio", log_config=None, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve(), name="server")
    await eventually(lambda: server.started or serving.done(), what="the node serves")
    if serving.done():
        serving.result()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Node(port, app.state.services, server)
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def node(database_url: str, redis_url: str) -> AsyncIterator[Node]:
    async with running_node(database_url, redis_url) as node:
        yield node


@asynccontextmanager
async def one_private_redis() -> AsyncIterator[tuple[str, int]]:
    """A Redis of one's own that may be frozen or killed (a supervisor starts it again), with its pid."""
    with reachable_folder("redis") as folder:
        async with EmbeddedServices(folder, postgres=False) as services:
            supervising = asyncio.create_task(services.supervise())
            yield services.redis_url, services.pids["Redis"]
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)


@pytest.fixture
async def private_redis() -> AsyncIterator[tuple[str, int]]:
    """See `one_private_redis`."""
    async with one_private_redis() as found:
        yield found
