"""The Redis under a run: one, which its supervisor starts again, or a cluster of three masters and a replica."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psutil
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.embedded import EmbeddedServices
from tests.ground.eventually import eventually
from tests.ground.proxy import Proxy, unix_socket
from tests.ground.redis import Cluster, RedisServer, cluster

PATIENCE = 60.0
ANSWER = 5.0


class RedisProcess(Protocol):
    """One of the servers."""

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...

    def kill(self) -> None: ...

    async def revive(self) -> None:
        """After a kill: returns when it answers again."""
        ...


class Bus(Protocol):
    """`proxies` stand before each node's connections, where there is one address to stand before."""

    @property
    def processes(self) -> Sequence[RedisProcess]: ...

    @property
    def urls(self) -> Sequence[str]:
        """How each node reaches it."""
        ...

    @property
    def proxies(self) -> Sequence[Proxy]: ...

    @property
    def operated(self) -> Sequence[str]:
        """The address of each server that answers for itself; by no proxy."""
        ...


@asynccontextmanager
async def operators(bus: Bus) -> AsyncIterator[list[Redis]]:
    """A connection to each server, for who operates it."""
    async with AsyncExitStack() as stack:
        clients = [Redis.from_url(url, socket_timeout=ANSWER) for url in bus.operated]
        yield [await stack.enter_async_context(client) for client in clients]


# One


class SingleBus:
    def __init__(self, services: EmbeddedServices, proxies: Sequence[Proxy]) -> None:
        self._services = services
        self.proxies = proxies
        self.processes = [_Supervised(services)]
        self.urls = [f"redis://127.0.0.1:{proxy.port}" for proxy in proxies]
        self.operated = [services.redis_url]

    @classmethod
    @asynccontextmanager
    async def made(cls, services: EmbeddedServices, nodes: int) -> AsyncIterator[SingleBus]:
        async with AsyncExitStack() as stack:
            dial = unix_socket(urlsplit(services.redis_url).path)
            yield cls(services, [await stack.enter_async_context(Proxy(dial)) for _ in range(nodes)])


class _Supervised:
    """The embedded one: its supervisor starts it again."""

    def __init__(self, services: EmbeddedServices) -> None:
        self._services = services
        self._killed = 0

    @property
    def _pid(self) -> int:
        return self._services.pids["Redis"]

    def freeze(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        with suppress(KeyError, ProcessLookupError):
            os.kill(self._pid, signal.SIGCONT)

    def kill(self) -> None:
        self._killed = self._pid
        psutil.Process(self._killed).kill()

    async def revive(self) -> None:
        def restarted() -> bool:
            return self._services.pids.get("Redis") not in (None, self._killed)

        await eventually(restarted, within=PATIENCE, what="Redis is started again")
        await eventually(self._answers, within=PATIENCE, what="Redis answers")

    async def _answers(self) -> bool:
        with suppress(RedisError, OSError):
            async with Redis.from_url(self._services.redis_url, socket_timeout=ANSWER) as client:
                return bool(await client.ping())
        return False


# A cluster


class ClusterBus:
    """The nodes find its servers by themselves, so no proxy can stand in between."""

    def __init__(self, servers: Cluster, nodes: int) -> None:
        self.proxies: Sequence[Proxy] = ()
        self.processes = [_Clustered(server) for server in servers.servers]
        self.urls = [servers.url] * nodes
        self.operated = [server.url for server in servers.servers]

    @classmethod
    @asynccontextmanager
    async def made(cls, folder: Path, nodes: int) -> AsyncIterator[ClusterBus]:
        async with cluster(folder) as servers:
            yield cls(servers, nodes)


class _Clustered:
    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self.freeze, self.thaw, self.kill = server.freeze, server.thaw, server.kill

    async def revive(self) -> None:
        """It serves again, its slots or as the replica of who took them over."""
        await self._server.start()
        await eventually(self._is_well, within=PATIENCE, what="the cluster is well again")

    async def _is_well(self) -> bool:
        with suppress(RedisError, OSError, asyncio.TimeoutError):
            return b"cluster_slots_ok:16384" in await self._server.ask("CLUSTER", "INFO")
        return False
