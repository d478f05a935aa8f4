"""The healer: whatever the bus lost, delayed or never got is found by comparing with PostgreSQL."""

from __future__ import annotations

import asyncio

import structlog

from channels.errors import DatabaseUnavailable
from server.services import Services

log = structlog.get_logger(__name__)

HEAL_EVERY = 0.5
"""Seconds. What must have taken effect within a second, also without Redis, needs room for the query and the write."""


async def heal(services: Services) -> None:
    """Twice a second: what was not delivered is delivered, and changed accounts are known.

    Ends only by cancellation, or with RuntimeError when a backup was restored under this process.
    """
    while True:
        await asyncio.sleep(HEAL_EVERY)  # reason: the period of the healer
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
