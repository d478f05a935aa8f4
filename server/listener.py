"""What the bus tells a process, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from channels.errors import DatabaseUnavailable
from channels.push import Push
from channels.redis_broker import BusListener
from server.services import Services

log = structlog.get_logger(__name__)


def bus_listener(services: Services) -> BusListener:
    """Pushes go to the hub; what may have been lost is caught up; the entries of dead processes are buried."""

    def missed(channel: str) -> None:
        services.hub.missed(channel)
        for roster in services.rosters:
            roster.rewrite(channel)

    def controlled(_message: bytes) -> None:
        services.tasks.create_task(_refresh_directory(services), name="directory")

    def gone(node: str) -> None:
        services.hub.refresh_lists()
        for roster in services.rosters:
            services.tasks.create_task(roster.bury(node), name=f"bury {node}")

    def absent() -> None:
        log.warning("this process was silent for too long and counted as gone")
        for roster in services.rosters:
            roster.returned()

    def received(pushes: Sequence[Push]) -> None:
        services.hub.deliver(*pushes)

    return BusListener(received, missed, controlled, gone, absent)


async def _refresh_directory(services: Services) -> None:
    """Another process tells that accounts or logins changed."""
    try:
        await services.directory.refresh()
    except DatabaseUnavailable as error:
        log.warning("the directory waits for the database", error=str(error))
