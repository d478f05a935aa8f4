"""The witness: after a viewer has seen an action, asks PostgreSQL itself whether it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.faults.history import History, Witnessed

PATIENCE = 5.0
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Witness:
    """Asked more often than it can answer, it answers for the latest."""

    def __init__(self, database_url: str, history: History) -> None:
        self._url = database_url
        self._history = history
        self._latest: dict[int, int] = {}
        self._asked = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def sworn(cls, database_url: str, history: History) -> AsyncIterator[Witness]:
        witness = cls(database_url, history)
        listening = asyncio.create_task(witness._listen(), name="witness")
        try:
            yield witness
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def ask(self, customer_id: int, offset: int) -> None:
        self._latest[customer_id] = max(offset, self._latest.get(customer_id, 0))
        self._asked.set()

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(self._url, timeout=PATIENCE, command_timeout=PATIENCE)
                try:
                    await self._answer(connection)
                finally:
                    connection.terminate()
            except AWAY:
                await asyncio.sleep(0.1)

    async def _answer(self, connection: asyncpg.Connection) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            asked, self._latest = self._latest, {}
            rows = await connection.fetch(
                'SELECT id, "offset" FROM customers WHERE id = ANY($1::bigint[])', list(asked)
            )
            for row in rows:
                event = Witnessed(self._history.clock(), row["id"], asked[row["id"]], row["offset"])
                self._history.append(event)
