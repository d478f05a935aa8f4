"""The database that a command works on: the one of the settings, or the embedded one, running or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from server.settings import Settings

T = TypeVar("T")


def run(work: Callable[[Settings, str], Coroutine[Any, Any, T]]) -> T:
    """Runs `work` with the settings and the database's address."""
    from server.settings import Settings

    settings = Settings.load()
    return asyncio.run(_run(settings, work))


async def _run(settings: Settings, work: Callable[[Settings, str], Coroutine[Any, Any, T]]) -> T:
    async with database_address(settings) as url:
        return await work(settings, url)


@asynccontextmanager
async def database_address(settings: Settings) -> AsyncIterator[str]:
    """The address. An embedded PostgreSQL that does not run yet is started for as long as the block takes."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    from server.addresses import find
    from server.embedded import EmbeddedServices

    running = find(settings.data_dir)
    if running is not None:
        yield running.database_url
        return
    async with EmbeddedServices(settings.data_dir, redis=False, progress=tell) as services:
        yield services.database_url


def tell(sentence: str) -> None:
    """To the error stream: the standard output is for what scripts read."""
    import sys

    print(sentence, file=sys.stderr)
