"""A serving node from its first to its last moment: listen, services, migrations, processes, and back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from persistence.migrate import migrate
from server.addresses import Addresses, noted
from server.listening import address_of, bind, close_all
from server.loop import run
from server.settings import Settings
from server.signals import StopSignals

Prepare = Callable[[Settings], Awaitable[None]]
Say = Callable[[str], None]


async def _nothing(_settings: Settings) -> None:
    pass


def serve(settings: Settings, *, say: Say, announce: Say, prepare: Prepare = _nothing) -> int:
    """Serves until a signal, and returns the exit code.

    :param say: told in a sentence what takes time.
    :param announce: told the address, once, when requests are answered there.
    :param prepare: called before the first request, when the database is there and up to date.
    :raises AddressTaken, EmbeddedServicesError, MigrationRefused, DatabaseUnavailable: what stops the start.
    """
    return run(_node(settings, say, announce, prepare))


async def _node(settings: Settings, say: Say, announce: Say, prepare: Prepare) -> int:
    with StopSignals.handled() as signals:
        try:
            sockets = bind(settings.host, settings.port)
            try:
                async with reachable_services(settings, say) as complete:
                    for name in await migrate(_known(complete.database_url)):
                        say(f"Applied migration {name}")
                    await prepare(complete)
                    return await _processes(complete, sockets, signals, lambda: announce(address_of(sockets)))
            finally:
                close_all(sockets)
        except asyncio.CancelledError:
            if signals.received is None:
                raise
            return 128 + signals.received  # stopped before it served anything


@asynccontextmanager
async def reachable_services(settings: Settings, say: Say) -> AsyncIterator[Settings]:
    """The settings with the addresses of PostgreSQL and Redis in them, our own if nobody gave any, and with the key.

    While the block runs, a service of ours that dies is started again.
    """
    if not settings.embedded:
        yield settings
        return
    from server.embedded import EmbeddedServices, secret_key

    async with EmbeddedServices(settings.data_dir, progress=say) as services, _kept(services.supervise()):
        addresses = Addresses(services.database_url, services.redis_url)
        with noted(settings.data_dir, addresses):
            yield settings.model_copy(
                update={
                    "database_url": addresses.database_url,
                    "redis_url": addresses.redis_url,
                    "secret_key": settings.secret_key or secret_key(settings.data_dir),
                }
            )


@asynccontextmanager
async def _kept(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs `work` beside the block. When it dies the block is cancelled, and its error is raised."""
    block = asyncio.current_task()
    task = asyncio.create_task(work)
    task.add_done_callback(lambda ended: block.cancel() if block and _died(ended) else None)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))
        if _died(task):
            task.result()


def _died(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None


async def _processes(
    settings: Settings, sockets: list[socket.socket], signals: StopSignals, on_ready: Callable[[], None]
) -> int:
    if settings.workers > 1:
        from server.workers import Workers

        return await Workers(settings, sockets, on_ready).run_until_stopped(signals)
    from server.app_server import AppServer

    return await AppServer(settings, on_ready).run_until_stopped(sockets, signals)


def _known(url: str | None) -> str:
    if url is None:
        raise RuntimeError("the settings name no database")
    return url
