"""From settings to services: what is opened, in which order, and who is given what."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

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
from server.auth.directory import Directory
from server.auth.passwords import Passwords
from server.auth.provider import Provider
from server.auth.tokens import Tokens
from server.limits import Limits
from server.metrics import Metrics
from server.owner import Owner
from server.perform import publications
from server.realtime.door import Outbox
from server.realtime.editing import Editing
from server.realtime.elsewhere import Elsewhere
from server.realtime.emulation import Emulation
from server.realtime.heartbeat import Heartbeat
from server.realtime.limits import RealtimeLimits
from server.realtime.polls import Polls
from server.realtime.presence import Presence
from server.realtime.sessions import Sessions
from server.services import Services
from server.settings import Settings
from server.vitals import Vitals


async def wired(settings: Settings, stack: AsyncExitStack) -> tuple[Services, Owner]:
    """Opens what the services stand on, each to be closed by `stack`, and puts them together. No task runs yet.

    The owner's tasks end before the database and the limits are closed, which they use. Raises ValueError where the
    settings name no database, no Redis or no key, and DatabaseUnavailable.
    """
    if settings.database_url is None or settings.redis_url is None or settings.secret_key is None:
        raise ValueError("the addresses of the services and the secret key must be known by now")
    database = await stack.enter_async_context(Database.connect(_database_options(settings, settings.database_url)))
    epoch = await PostgresStream(database).epoch()
    agents, logins = Agents(database), Logins(database)
    prefix = f"casewire:{epoch}:"
    limits = await stack.enter_async_context(Limits.connect(settings.rate_limit, settings.redis_url, prefix))
    broker = RedisBroker(settings.redis_url, prefix)
    owner = await stack.enter_async_context(Owner())
    stream = GatheringStream(database, owner.tasks)
    hub = Hub(epoch, broker, stream, owner.tasks)
    elsewhere = Elsewhere(broker)
    counted = RealtimeLimits() if settings.rate_limit else RealtimeLimits.uncounted()
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
        directory=Directory(agents, logins),
        tokens=Tokens(settings.secret_key),
        passwords=stack.enter_context(Passwords.running()),
        provider=stack.enter_context(Provider.of(settings)),
        limits=limits,
        sessions=Sessions(counted, elsewhere=elsewhere),
        elsewhere=elsewhere,
        polls=Polls(),
        outbox=Outbox(),
        heartbeat=Heartbeat(asyncio.get_running_loop().time),
        presence=Presence(broker, hub),
        editing=Editing(database, hub, owner.tasks, broker),
        emulation=Emulation(hub, Roster(broker, "node", time.time)),
    )
    services.vitals = Vitals(services, Roster(broker, "vitals", time.time))
    return services, owner


def _database_options(settings: Settings, url: str) -> DatabaseOptions:
    """A node's pool is shared by its workers."""
    return DatabaseOptions(
        url=url,
        replica_url=settings.database_replica_url,
        pool_min=max(1, settings.db_pool_min // settings.workers),
        pool_max=max(2, settings.db_pool_max // settings.workers),
        connect_timeout=settings.db_connect_timeout,
    )
