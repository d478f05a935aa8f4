"""PostgreSQL and Redis of our own, from first start to last stop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from server.embedded.errors import EmbeddedServicesError
from server.embedded.folder import DataFolder, open_data_folder
from server.embedded.postgres import Postgres
from server.embedded.programs import postgres_programs, redis_program
from server.embedded.redis import Redis
from server.embedded.service import Service
from server.embedded.sockets import SocketFolder


def _say_nothing(_sentence: str) -> None:
    pass


class EmbeddedServices:
    """A real PostgreSQL and a real Redis as child processes, private to one data folder.

        async with EmbeddedServices(data_dir, progress=print) as services:
            connect(services.database_url, services.redis_url)
            await services.supervise()

    Only the process that started the services supervises them; workers get the two addresses and no more. The services
    stop when the block is left, and when this process dies in whatever way.

    :param data_dir: where the data is kept; made if it is missing. One server at a time can use it.
    :param postgres, redis: which of the two is wanted.
    :param progress: told in a sentence what takes time.
    :param durable: False only for data that may be lost, such as a test's: PostgreSQL then does not flush to disk.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        postgres: bool = True,
        redis: bool = True,
        progress: Callable[[str], None] = _say_nothing,
        durable: bool = True,
    ) -> None:
        self._data_dir = data_dir
        self._wanted = (postgres, redis)
        self._say = progress
        self._durable = durable
        self._folder: DataFolder | None = None
        self._sockets: SocketFolder | None = None
        self._services: list[Service] = []
        self._database_url: str | None = None
        self._redis_url: str | None = None

    @property
    def database_url(self) -> str:
        """`postgresql://…?host=<socket folder>`, for asyncpg and libpq. The role is the cluster's superuser."""
        return _demand(self._database_url, "PostgreSQL")

    @property
    def redis_url(self) -> str:
        """`unix://<socket>`, for redis-py."""
        return _demand(self._redis_url, "Redis")

    @property
    def home(self) -> Path:
        """The folder that holds the services' data: the data folder, or the one that stands in for it."""
        if self._folder is None:
            raise RuntimeError("the embedded services have not been started")
        return self._folder.home

    @property
    def pids(self) -> dict[str, int]:
        """The processes of the services that run now: `{"PostgreSQL": 4711, "Redis": 4712}`."""
        return {service.name: service.pid for service in self._services if service.pid is not None}

    @property
    def keeper_pids(self) -> dict[str, int]:
        """The processes that keep them, one for each."""
        return {service.name: service.keeper_pid for service in self._services if service.keeper_pid is not None}

    async def __aenter__(self) -> EmbeddedServices:
        """Starts what is wanted, both at once; returns when both answer.

        :raises EmbeddedServicesError: a sentence for the person who starts the server.
        """
        if sys.platform == "win32":
            raise EmbeddedServicesError(
                "The embedded services need Linux or macOS. Set DATABASE_URL and REDIS_URL to servers of your own."
            )
        try:
            await self._start()
        except BaseException as error:  # noqa: BLE001 # reason: whatever stops the start also stops what it started
            await self._stop()
            raise _without_group(error) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    async def supervise(self) -> None:
        """Starts a service again when it dies, under the same address; runs until cancelled, or until the stop."""
        async with asyncio.TaskGroup() as tasks:
            for service in self._services:
                tasks.create_task(service.keep(), name=f"keep {service.name}")

    async def _start(self) -> None:
        self._folder = folder = await open_data_folder(self._data_dir, self._say)
        self._sockets = sockets = SocketFolder(folder)
        postgres, redis = self._wanted
        if postgres:
            programs = postgres_programs(folder.account, folder.home, self._say)
            server = Postgres(folder, programs, sockets.path, durable=self._durable)
            self._database_url = server.url
            self._services.append(Service(server, lock=folder.lock.descriptor, say=self._say))
        if redis:
            program = redis_program(folder.account, folder.home, self._say)
            cache = Redis(folder, program, sockets.path)
            self._redis_url = cache.url
            self._services.append(Service(cache, lock=folder.lock.descriptor, say=self._say))
        async with asyncio.TaskGroup() as tasks:
            for service in self._services:
                tasks.create_task(service.start())

    async def _stop(self) -> None:
        await asyncio.gather(*(service.stop() for service in self._services))
        self._services.clear()
        self._database_url = self._redis_url = None
        if self._sockets is not None:
            self._sockets.remove()
            self._sockets = None
        if self._folder is not None:
            self._folder.lock.release()
            self._folder = None


def _without_group(error: BaseException) -> BaseException:
    """The sentence inside a group: two services that fail at once mostly fail for the same reason."""
    while isinstance(error, BaseExceptionGroup):
        sentences, _rest = error.split(EmbeddedServicesError)
        error = (sentences or error).exceptions[0]
    return error


def _demand(url: str | None, name: str) -> str:
    if url is None:
        raise RuntimeError(f"the embedded {name} has not been started")
    return url
