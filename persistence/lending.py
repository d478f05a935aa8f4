"""Lending the connections of a pool, most of them without asking the pool."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import asyncpg

from persistence.outages import LOST

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

REST = 60.0
"""Seconds after which a connection that nobody needed goes back to the pool, which closes it after a while."""

LOANS = 1000
"""After as many loans a connection goes back to the pool once, which replaces those that have served long."""

CLOSING = 3.0
"""Seconds that the end of a process waits for connections to be given back."""


class Lending:
    """Keeps at hand what comes back well, for whoever comes next: the pool makes two tasks and a timer for each loan,
    which cost more than a short query.

    While somebody waits for the pool, everything goes back to it: it knows who is first.
    """

    def __init__(self, pool: asyncpg.Pool[Any], patience: float, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._patience = patience
        self._at_hand: deque[tuple[float, Connection]] = deque()  # the one that has rested longest comes first
        self._waiting = 0
        self._loans = 0
        self._closing = False
        self._now = now

    @property
    def size(self) -> int:
        return self._pool.get_size()

    @property
    def idle(self) -> int:
        return self._pool.get_idle_size() + len(self._at_hand)

    async def borrow(self) -> Connection:
        """Raises what the pool raises; TimeoutError where no connection becomes free in time."""
        while self._at_hand:
            _, connection = self._at_hand.pop()
            if _is_open(connection):
                return connection
            await self._to_pool(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._patience)
        finally:
            self._waiting -= 1

    async def give_back(self, connection: Connection, *, well: bool) -> None:
        """`well`: nothing was raised while it was lent, so that it is as it was before."""
        self._loans += 1
        if not well or self._waiting or self._closing or self._loans % LOANS == 0:
            await self._to_pool(connection)
            return
        self._at_hand.append((self._now(), connection))
        if self._at_hand[0][0] < self._now() - REST:
            await self._to_pool(self._at_hand.popleft()[1])

    async def close(self) -> None:
        """Waits a little for what is lent."""
        self._closing = True
        try:
            async with asyncio.timeout(CLOSING):
                while self._at_hand:
                    await self._to_pool(self._at_hand.pop()[1])
                await self._pool.close()
        except (TimeoutError, *LOST):
            self._pool.terminate()

    def terminate(self) -> None:
        self._pool.terminate()

    async def _to_pool(self, connection: Connection) -> None:
        # shielded by asyncpg; the time limit ends a release that hangs on a frozen backend
        with suppress(TimeoutError, *LOST):
            await self._pool.release(connection, timeout=self._patience)


def _is_open(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # it ended while it was at hand, and the pool knows
        return False
