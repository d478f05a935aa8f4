"""The real PostgreSQL and Redis of a test session, in a thread of their own, so that any kind of test can use them."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import itertools
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import redis.asyncio

from server.embedded import EmbeddedServices

T = TypeVar("T")

TEMPLATE = "template_of_tests"
START_WITHIN = 120.0
ANSWER_WITHIN = 60.0
LOGICAL_DATABASES = 16  # of the embedded Redis


class TestServices:
    """PostgreSQL and Redis, and a connection to each for making and clearing what a test gets."""

    __test__ = False  # not a test class

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test services", daemon=True)
        self._numbers = itertools.count(1)

    def start(self) -> None:
        self._thread.start()
        self._run(self._start(), START_WITHIN)

    def stop(self) -> None:
        self._run(self._stop(), ANSWER_WITHIN)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def postgres_pid(self) -> int:
        return self._services.pids["PostgreSQL"]

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The address of a new database with the schema in it (or nothing at all), dropped at the end."""
        name = f"test_{next(self._numbers)}"
        source = "template0" if empty else TEMPLATE
        # Copying pages through the log is the fast way for a database this small: no checkpoint before and after.
        self._run(self._postgres.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY wal_log"))
        try:
            yield database_address(self._services.database_url, name)
        finally:
            self._run(self._postgres.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    def redis(self) -> str:
        """The address of an empty logical database. Channels of pub/sub are shared by all of them."""
        number = next(self._numbers) % (LOGICAL_DATABASES - 1) + 1
        url = f"{self._services.redis_url}?db={number}"
        self._run(_flush(url))
        return url

    async def _start(self) -> None:
        self._services = EmbeddedServices(self._folder, durable=False)
        await self._services.__aenter__()
        self._postgres = await asyncpg.connect(self._services.database_url)
        await self._postgres.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        if importlib.util.find_spec("persistence.migrate") is not None:
            migrate = importlib.import_module("persistence.migrate").migrate
            await migrate(database_address(self._services.database_url, TEMPLATE))

    async def _stop(self) -> None:
        await self._postgres.close()
        await self._services.__aexit__(None, None, None)

    def _run(self, work: Coroutine[Any, Any, T], within: float = ANSWER_WITHIN) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)


def database_address(url: str, name: str) -> str:
    """The same server's database `name`."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _flush(url: str) -> None:
    async with redis.asyncio.from_url(url) as client:
        await client.flushdb()
