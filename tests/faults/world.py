"""What a run plays on: PostgreSQL and Redis of its own that may be killed, two nodes, and a fault proxy in every way.

Everything is a process of its own and is ended with the world, whatever state it is in by then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from channels.agent import Agent, Role
from persistence.agents import Agents
from persistence.database import Database, DatabaseOptions
from persistence.migrate import migrate
from server.auth.tokens import Tokens
from server.embedded import EmbeddedServices
from tests.faults.bus import Bus, ClusterBus, SingleBus
from tests.ground.eventually import eventually
from tests.ground.folder import reachable_folder
from tests.ground.ports import free_port
from tests.ground.proxy import Proxy, postgres_behind, postgres_through, tcp
from tests.ground.server import SECRET_KEY, RunningServer, Servers

PATIENCE = 60.0
"""Seconds until something that must come about is given up: no bound of a law, just the end of waiting."""


NAMES = ("north", "south")


class Node:
    """A node at a port that stays the same over its restarts, with a proxy before its database. Of several workers
    each is a process of its own, under a parent."""

    def __init__(self, name: str, servers: Servers, database: Proxy, settings: dict[str, str], workers: int) -> None:
        self.name = name
        self.port = free_port()
        self.database = database
        self.count = workers
        self._servers = servers
        self._settings = {**settings, "CASEWIRE_WORKERS": str(workers)}
        self._server: RunningServer | None = None
        self._workers_killed = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self._server is not None and self._server.process.poll() is None

    @property
    def words(self) -> str:
        return "" if self._server is None else self._server.words()

    def errors(self) -> list[str]:
        """The errors in its log, each with the last line of its traceback."""
        lines = [json.loads(line) for line in self.words.splitlines() if line.startswith("{")]
        errors = [line for line in lines if line.get("level") in ("error", "critical")]
        for death in [line for line in errors if line["event"].startswith("a worker died")][: self._workers_killed]:
            errors.remove(death)  # that is what was done to it
        return [f"{line['event']} {line.get('exception', '').strip().rpartition(chr(10))[2]}" for line in errors]

    async def start(self) -> None:
        self._server = await self._servers.start(self.port, **self._settings)
        await eventually(
            lambda: len(self.workers()) == self.count, within=PATIENCE, what=f"{self.name} has its workers"
        )

    def kill(self) -> None:
        """With its workers, which would end by themselves, but keep the port until then."""
        workers = self._children()
        self._running.kill()
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.kill()

    async def stop(self) -> int:
        return await asyncio.to_thread(self._running.stop)

    def freeze(self) -> None:
        for process in (psutil.Process(self._running.pid), *self._children()):
            process.suspend()

    def thaw(self) -> None:
        if self.alive:
            for process in (psutil.Process(self._running.pid), *self._children()):
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def workers(self) -> list[psutil.Process]:
        """The processes that serve: those that have a connection to PostgreSQL. (A worker that is only just starting
        has none.)"""
        candidates = self._children() or [psutil.Process(self._running.pid)]
        return [one for one in candidates if any(c.raddr and c.raddr.port == self.database.port for c in _peers(one))]

    def kill_worker(self, worker: psutil.Process) -> None:
        self._workers_killed += 1
        worker.kill()

    def _children(self) -> list[psutil.Process]:
        return psutil.Process(self._running.pid).children() if self.count > 1 else []

    @property
    def _running(self) -> RunningServer:
        if self._server is None:
            raise RuntimeError(f"node {self.name} has not been started")
        return self._server


def _peers(process: psutil.Process) -> list[Any]:
    """Its connections by TCP."""
    with suppress(psutil.Error):
        return list(process.net_connections("tcp"))
    return []


class World:
    """`agents` write and view; `nodes` serve them over the `bus`; `door` makes the way of one client to the nodes."""

    def __init__(self, services: EmbeddedServices, bus: Bus, nodes: Sequence[Node], agents: Sequence[Agent]) -> None:
        self.services = services
        self.bus = bus
        self.nodes = nodes
        self.agents = agents
        self._tokens = Tokens(SECRET_KEY)
        self._served: dict[Proxy, Node] = {}

    @classmethod
    @asynccontextmanager
    async def made(cls, agents: int, *, cluster: bool = False, workers: int = 1) -> AsyncIterator[World]:
        """The last of the nodes has so many workers, the other one."""
        with reachable_folder("faults") as folder:
            async with (
                EmbeddedServices(folder / "services", redis=not cluster) as services,
                _supervised(services),
                _bus(folder, services, cluster=cluster) as bus,
            ):
                await migrate(services.database_url)
                async with _nodes(folder, services.database_url, bus, workers) as nodes:
                    yield cls(services, bus, nodes, await _hired(services.database_url, agents))

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

    def served_by_worker(self, node: Node, worker: psutil.Process, door: Proxy) -> bool:
        """Whether a connection through a door leads to one process of a node."""
        return any(c.laddr.port == node.port and c.raddr and c.raddr.port in door.dialled for c in _peers(worker))

    # PostgreSQL as a process

    def postgres(self) -> psutil.Process:
        """Its main process."""
        return psutil.Process(self.services.pids["PostgreSQL"])

    async def until_postgres_restarted(self, killed: int) -> None:
        """Its supervisor has started it again, and it answers."""

        def restarted() -> bool:
            return self.services.pids.get("PostgreSQL") not in (None, killed)

        await eventually(restarted, within=PATIENCE, what="PostgreSQL is started again")
        await eventually(self.postgres_answers, within=PATIENCE, what="PostgreSQL answers")

    async def postgres_answers(self) -> bool:
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            connection = await asyncpg.connect(self.services.database_url, timeout=2)
            try:
                return bool(await connection.fetchval("SELECT true"))
            finally:
                connection.terminate()
        return False


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
async def _bus(folder: Path, services: EmbeddedServices, *, cluster: bool) -> AsyncIterator[Bus]:
    if cluster:
        (folder / "cluster").mkdir()
        async with ClusterBus.made(folder / "cluster", len(NAMES)) as several:
            yield several
    else:
        async with SingleBus.made(services, len(NAMES)) as one:
            yield one


@asynccontextmanager
async def _nodes(folder: Path, database_url: str, bus: Bus, workers: int) -> AsyncIterator[list[Node]]:
    logs = folder / "logs"
    logs.mkdir()
    settings = {"CASEWIRE_SECRET_KEY": SECRET_KEY, "CASEWIRE_RATE_LIMIT": "off", "CASEWIRE_DB_POOL_MIN": "2"}
    servers = Servers(logs, settings | {"CASEWIRE_DB_POOL_MAX": "12"})
    nodes: list[Node] = []
    async with AsyncExitStack() as stack:
        for name, redis_url in zip(NAMES, bus.urls, strict=True):
            database = await stack.enter_async_context(Proxy(postgres_behind(database_url)))
            urls = {"DATABASE_URL": postgres_through(database_url, database), "REDIS_URL": redis_url}
            nodes.append(Node(name, servers, database, urls, workers if name == NAMES[-1] else 1))
        try:
            await asyncio.gather(*(node.start() for node in nodes))
            yield nodes
        finally:
            for node in nodes:
                node.thaw()
            await asyncio.to_thread(servers.end_all)


async def _hired(database_url: str, count: int) -> list[Agent]:
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=1)) as database:
        accounts = Agents(database)
        return [await accounts.create(f"agent{n}", f"Agent {n}", Role.AGENT, None) for n in range(count)]
