"""Draining: telling the clients to connect elsewhere, a few at a time.

All at once they would come back all at once, to the nodes that are left. The SDKs spread what we spread by half a
second more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from server.realtime import codes

if TYPE_CHECKING:
    from server.services import Services

log = structlog.get_logger(__name__)

LONGEST = 4.0
"""Seconds until the last one is told: the process has to end within ten, and requests under way need some."""

PACE = 250
"""Clients in a second, where so few are connected that this takes no longer."""

STEP = 0.05


def spread(count: int) -> float:
    """Seconds in which so many clients are told."""
    return min(LONGEST, count / PACE)


def told_by(count: int, elapsed: float) -> int:
    """How many of them have been told some seconds after the first."""
    seconds = spread(count)
    return count if elapsed >= seconds else int(count * elapsed / seconds) + 1


async def drain(services: Services, impatient: Callable[[], bool] = lambda: False) -> None:
    """Not ready any more; clients are told to go, and recover elsewhere. Returns when nobody is left.

    `impatient`: whether the rest is to be told at once.
    """
    services.draining = True
    services.polls.release()
    leaving = services.sessions.all()
    log.info("draining", connections=len(leaving), seconds=round(spread(len(leaving)), 2))
    loop = asyncio.get_running_loop()
    began, told = loop.time(), 0
    while told < len(leaving):
        until = len(leaving) if impatient() else told_by(len(leaving), loop.time() - began)
        for session in leaving[told:until]:
            session.end(codes.SHUTDOWN)
        told = until
        await asyncio.sleep(STEP if told < len(leaving) else 0)  # reason: so that they do not come back at once
    for session in services.sessions.all():  # who was just connecting
        session.end(codes.SHUTDOWN)
    await asyncio.sleep(0)  # the goodbyes leave before what is left is closed
