"""From settings to running services, and back: what is opened, in which order, and who owns the tasks."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from channels.errors import DatabaseUnavailable
from channels.hub import Hub
from channels.redis_broker import RedisBroker
from channels.roster import Roster
from persistence.actions import Actions
from persistence.agents import Agents
from persistence.customers import Customers
from persistence.database import Database, DatabaseOptions
from persistence.gathering import GatheringStream
from persistence.logins import Logins
from persistence.notices import Notices
from persistence.recorder import Recorder
from persistence.stream import PostgresStream
from server.auth.directory import Directory, DirectoryChange
from server.auth.passwords import Passwords
from server.auth.provider import Provider
from server.auth.tokens import Tokens
from server.limits import Limits
from server.listener import bus_listener
from server.metrics import Metrics
from server.owner import Owner
from server.perform import publications
from server.realtime import codes
from server.realtime.door import Outbox
from server.realtime.editing import Editing
from server.realtime.emulation import Emulation
from server.realtime.heartbeat import Heartbeat
from server.realtime.limits import RealtimeLimits
from server.realtime.polls import Polls
from server.realtime.presence import Presence
from server.realtime.sessions import Sessions
from server.services import Services
from server.settings import Settings
from server.vitals import Vitals

log = structlog.get_logger(__name__)

HEAL_EVERY = 0.5
"""Seconds. What must have taken effect within a second, also without Redis, needs room for the query and the write."""

FAREWELL = 0.5
"""Seconds for what was said last to reach Redis."""


@asynccontextmanager
async def running_services(settings: Settings) -> AsyncIterator[Services]:
    """Opens everything, runs the tasks that the process owns, and closes it all in the opposite order.

    When one of the tasks dies the process is asked to stop, and `Services.failure` says why: a server
    without its healer or its bus would go on answering, and answer wrongly.
    """
    if settings.database_url is None or settings.redis_url is None or settings.secret_key is None:
        raise ValueError("the addresses of the services and the secret key must be known by now")
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.connect(_database_options(settings)))
        epoch = await PostgresStream(database).epoch()
        agents, logins = Agents(database), Logins(database)
        directory = Directory(agents, logins)
        await directory.refresh()
        prefix = f"casewire:{epoch}:"
        limits = await stack.enter_async_context(Limits.connect(settings.rate_limit, settings.redis_url, prefix))
        broker = RedisBroker(settings.redis_url, prefix)
        owner = await stack.enter_async_context(Owner())
        stream = GatheringStream(database, owner.tasks)
        hub = Hub(epoch, broker, stream, owner.tasks)
        sessions = Sessions(RealtimeLimits() if settings.rate_limit else RealtimeLimits.uncounted())
        node_roster, vital = Roster(broker, "node", time.time), Roster(broker, "vitals", time.time)
        services = Services(
            settings=settings,
            tasks=owner.tasks,
            metrics=Metrics(),
            database=database,
            customers=Customers(database),
            actions=Actions(database),
            agents=agents,
            logins=logins,
            notices=Notices(database),
            stream=stream,
            recorder=Recorder(database, owner.tasks, lambda recorded: hub.publish(publications(recorded))),
            broker=broker,
            hub=hub,
            directory=directory,
            tokens=Tokens(settings.secret_key),
            passwords=stack.enter_context(Passwords.running()),
            provider=stack.enter_context(Provider.of(settings)),
            limits=limits,
            sessions=sessions,
            polls=Polls(),
            outbox=Outbox(),
            heartbeat=Heartbeat(asyncio.get_running_loop().time),
            presence=Presence(broker, hub),
            editing=Editing(database, hub, owner.tasks, broker),
            emulation=Emulation(hub, node_roster),
        )
        services.vitals = Vitals(services, vital)
        rosters = (services.presence.roster, services.editing.roster, node_roster, vital)
        directory.on_change(lambda change: _follow(services, change))
        owner.on_failure = lambda error: _fail(services, error)
        owner.start("bus", broker.run(bus_listener(services, rosters)))
        for roster in rosters:
            owner.start(roster.kind, roster.run())
        owner.start("healer", _heal(services))
        owner.start("heartbeat", services.heartbeat.run())
        owner.start("emulation", services.emulation.run())
        owner.start("vitals", services.vitals.run())
        _watch(services)
        try:
            yield services
        finally:
            services.draining = True
            for session in services.sessions.all():
                session.end(codes.SHUTDOWN)
            await asyncio.gather(*(roster.flush(FAREWELL) for roster in rosters))
            await broker.say_goodbye()


def _database_options(settings: Settings) -> DatabaseOptions:
    """A node's pool is shared by its workers."""
    assert settings.database_url is not None  # noqa: S101 # reason: checked by the caller
    return DatabaseOptions(
        url=settings.database_url,
        replica_url=settings.database_replica_url,
        pool_min=max(1, settings.db_pool_min // settings.workers),
        pool_max=max(2, settings.db_pool_max // settings.workers),
        connect_timeout=settings.db_connect_timeout,
    )


async def _heal(services: Services) -> None:
    """Twice a second: what was not delivered is delivered, and changed accounts are known."""
    while True:
        await asyncio.sleep(HEAL_EVERY)
        try:
            epoch = await services.hub.reconcile()
            services.vitals.healed()
            await services.directory.refresh()
        except DatabaseUnavailable as error:
            log.warning("healing waits for the database", error=str(error))
            continue
        if epoch != services.hub.epoch:
            raise RuntimeError("the database was replaced by another history; starting anew")
        services.editing.expire()


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
