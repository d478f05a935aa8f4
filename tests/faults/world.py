"""What a run plays on: PostgreSQL and Redis of its own that may be killed, two nodes, and a fault proxy in every way.

Everything is a process of its own and is ended with the world, whatever state it is in by then.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
from redis.asyncio import Redis
from redis.exceptions import RedisError

from channels.agent import Agent, Role
from persistence.agents import Agents
from persistence.database import Database, DatabaseOptions
from persistence.migrate import migrate
from server.auth.tokens import Tokens
from server.embedded import EmbeddedServices
from tests.ground.eventually import eventually
from tests.ground.folder import reachable_folder
from tests.ground.ports import free_port
from tests.ground.proxy import Proxy, postgres_behind, postgres_through, tcp, unix_socket
from tests.ground.server import SECRET_KEY, RunningServer, Servers

PATIENCE = 60.0
"""Seconds until something that must come about is given up: no bound of a law, just the end of waiting."""


class Node:
    """A node at a port that stays the same over its restarts, with proxies before its database and its Redis."""

    def __init__(self, name: str, servers: Servers, database: Proxy, redis: Proxy | None, urls: dict[str, str]) -> None:
        self.name = name
        self.port = free_port()
        self.database = database
        self.redis = redis
        self._servers = servers
        self._urls = urls
        self._server: RunningServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self._server is not None and self._server.process.poll() is None

    @property
    def words(self) -> str:
        return "" if self._server is None else self._server.words()

    async def start(self) -> None:
        self._server = await self._servers.start(self.port, **self._urls)

    def kill(self) -> None:
        self._running.kill()

    async def stop(self) -> int:
        return await asyncio.to_thread(self._running.stop)

    def freeze(self) -> None:
        self._running.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._running.process.send_signal(signal.SIGCONT)

    @property
    def _running(self) -> RunningServer:
        if self._server is None:
            raise RuntimeError(f"node {self.name} has not been started")
        return self._server


class World:
    """`agents` write and view; `nodes` serve them; `door` makes the way of one client to the nodes."""

    def __init__(self, services: EmbeddedServices, nodes: Sequence[Node], agents: Sequence[Agent]) -> None:
        self.services = services
        self.nodes = nodes
        self.agents = agents
        self._tokens = Tokens(SECRET_KEY)
        self._served: dict[Proxy, Node] = {}

    @classmethod
    @asynccontextmanager
    async def made(cls, agents: int = 6) -> AsyncIterator[World]:
        with reachable_folder("faults") as folder:
            async with EmbeddedServices(folder / "services") as services, _supervised(services):
                await migrate(services.database_url)
                async with _nodes(folder, services, ("north", "south")) as nodes:
                    yield cls(services, nodes, await _hired(services.database_url, agents))

    def token(self, agent: Agent) -> str:
        return self._tokens.issue(agent.id, ttl=timedelta(days=1))

    @asynccontextmanager
    async def door(self, home: int) -> AsyncIterator[Proxy]:
        """A client's own way in: to its home node, or to another while that is dead."""
        order = [*self.nodes[home:], *self.nodes[:home]]

        async def dial() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            for node in order:
                with suppress(ConnectionError):
                    ends = await tcp("127.0.0.1", node.port)()
                    self._served[proxy] = node
                    return ends
            raise ConnectionRefusedError("no node is there")

        async with Proxy(dial) as proxy:
            yield proxy

    def serves(self, node: Node, door: Proxy) -> bool:
        """Whether the latest connection through a door leads to a node."""
        return self._served.get(door) is node

    # PostgreSQL and Redis as processes

    def postgres(self) -> psutil.Process:
        """Its main process."""
        return psutil.Process(self.services.pids["PostgreSQL"])

    def redis(self) -> psutil.Process:
        return psutil.Process(self.services.pids["Redis"])

    async def until_restarted(self, name: str, killed: int) -> None:
        """Its supervisor has started it again, and it answers."""
        await eventually(
            lambda: self.services.pids.get(name) not in (None, killed), within=PATIENCE, what=f"{name} is started again"
        )
        await eventually(self.postgres_answers if name == "PostgreSQL" else self.redis_answers, within=PATIENCE)

    async def postgres_answers(self) -> bool:
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            connection = await asyncpg.connect(self.services.database_url, timeout=2)
            try:
                return bool(await connection.fetchval("SELECT true"))
            finally:
                connection.terminate()
        return False

    async def redis_answers(self) -> bool:
        with suppress(RedisError, OSError):
            async with self.operator() as client:
                return bool(await client.ping())
        return False

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[Redis]:
        """A connection to Redis that goes by no proxy."""
        async with Redis.from_url(self.services.redis_url, socket_timeout=5) as client:
            yield client


@asynccontextmanager
async def _supervised(services: EmbeddedServices) -> AsyncIterator[None]:
    supervision = asyncio.create_task(services.supervise())
    try:
        yield
    finally:
        for pid in services.pids.values():  # nothing is left frozen
            for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
                with suppress(psutil.Error):
                    process.resume()
        supervision.cancel()
        await asyncio.gather(supervision, return_exceptions=True)


@asynccontextmanager
async def _nodes(folder: Path, services: EmbeddedServices, names: Sequence[str]) -> AsyncIterator[list[Node]]:
    logs = folder / "logs"
    logs.mkdir()
    settings = {"CASEWIRE_SECRET_KEY": SECRET_KEY, "CASEWIRE_RATE_LIMIT": "off", "CASEWIRE_DB_POOL_MIN": "2"}
    servers = Servers(logs, settings | {"CASEWIRE_DB_POOL_MAX": "12"})
    redis_socket = urlsplit(services.redis_url).path
    nodes: list[Node] = []
    try:
        async with (
            Proxy(postgres_behind(services.database_url)) as first_database,
            Proxy(postgres_behind(services.database_url)) as second_database,
            Proxy(unix_socket(redis_socket)) as first_redis,
            Proxy(unix_socket(redis_socket)) as second_redis,
        ):
            ways = zip(names, (first_database, second_database), (first_redis, second_redis), strict=True)
            for name, database, cache in ways:
                urls = {
                    "DATABASE_URL": postgres_through(services.database_url, database),
                    "REDIS_URL": f"redis://127.0.0.1:{cache.port}",
                }
                nodes.append(Node(name, servers, database, cache, urls))
            await asyncio.gather(*(node.start() for node in nodes))
            yield nodes
            for node in nodes:
                node.thaw()
            await asyncio.to_thread(servers.end_all)
    finally:
        servers.end_all()


async def _hired(database_url: str, count: int) -> list[Agent]:
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=1)) as database:
        accounts = Agents(database)
        return [await accounts.create(f"agent{n}", f"Agent {n}", Role.AGENT, None) for n in range(count)]
