"""The life of the services: which tasks run, what happens when one dies, and how it all ends."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from channels.errors import DatabaseUnavailable
from server.auth.directory import DirectoryChange
from server.healer import heal
from server.listener import bus_listener
from server.owner import Owner
from server.realtime import codes
from server.services import Services
from server.settings import Settings
from server.wiring import wired

log = structlog.get_logger(__name__)

STARTING = 10.0
LOOK_AGAIN = 0.25
"""Seconds for which a process that starts waits for the database, and between two looks: what ended its predecessor may
have ended the database's connections too."""

FAREWELL = 0.5
"""Seconds for what was said last to reach Redis."""


@asynccontextmanager
async def running_services(settings: Settings) -> AsyncIterator[Services]:
    """Opens everything, runs the tasks that the process owns, and closes it all in the opposite order.

    When one of the tasks dies the process is asked to stop, and `Services.failure` says why: a server
    without its healer or its bus would go on answering, and answer wrongly.
    """
    async with AsyncExitStack() as stack:
        services, owner = await _opened(settings, stack)
        owner.on_failure = lambda error: _fail(services, error)
        services.directory.on_change(lambda change: _follow(services, change))
        _watch(services)
        _start(services, owner)
        try:
            yield services
        finally:
            await _say_goodbye(services)


async def _opened(settings: Settings, stack: AsyncExitStack) -> tuple[Services, Owner]:
    """Everything, once the database is there. Raises what `wired` raises."""
    given_up = time.monotonic() + STARTING
    while True:
        async with AsyncExitStack() as attempt:
            try:
                services, owner = await wired(settings, attempt)
                await services.directory.refresh()
            except DatabaseUnavailable as error:
                if time.monotonic() > given_up:
                    raise
                log.warning("the database is away; starting when it is there", error=str(error))
            else:
                stack.push_async_exit(attempt.pop_all())
                return services, owner
        await asyncio.sleep(LOOK_AGAIN)  # reason: the database is away


def _start(services: Services, owner: Owner) -> None:
    owner.start("bus", services.broker.run(bus_listener(services)))
    for roster in services.rosters:
        owner.start(roster.kind, roster.run())
    owner.start("healer", heal(services))
    owner.start("heartbeat", services.heartbeat.run())
    owner.start("emulation", services.emulation.run())
    owner.start("vitals", services.vitals.run())


async def _say_goodbye(services: Services) -> None:
    """Ends the connections that are left, and takes back what this process has told the others."""
    services.draining = True
    for session in services.sessions.all():
        session.end(codes.SHUTDOWN)
    await asyncio.gather(*(roster.flush(FAREWELL) for roster in services.rosters))
    await services.broker.say_goodbye()


def _follow(services: Services, change: DirectoryChange) -> None:
    """What changed accounts and ended logins mean for the open connections."""
    services.sessions.follow(change)
    services.polls.follow(change)
    if change.changed:
        services.hub.recheck()


def _watch(services: Services) -> None:
    watch = services.metrics.watch
    watch("connections", "Realtime connections of this process.", lambda: len(services.sessions))
    watch("channels", "Open channels of this process.", lambda: services.hub.channels)
    watch("healed_publications", "Publications that came by the stream, not the bus.", lambda: services.hub.healed)
    watch("waiting_writes", "Commands that wait for a transaction.", lambda: services.recorder.waiting)
    watch("pool_connections", "Open database connections.", lambda: services.database.size)
    watch("pool_idle", "Idle database connections.", lambda: services.database.idle)
    watch("bus_dropped", "Messages that Redis did not take.", lambda: services.broker.dropped)
    watch("redis_connected", "1 while the bus is subscribed.", lambda: float(services.broker.connected))


def _fail(services: Services, error: BaseException) -> None:
    if services.failure is None and not services.draining:
        services.failure = error
        log.error("a task of the server died; stopping", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)
