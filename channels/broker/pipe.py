"""A pipe: one connection that carries the commands for one server, those of one moment together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from channels.broker.address import Endpoint, RedisAddress
from channels.broker.connection import UNAVAILABLE, Command, RedisConnection, ReplyError, connect
from channels.broker.lane import SILENCE

log = structlog.get_logger(__name__)

OUTGOING = 20_000
"""Commands that wait for a server at most; older ones are dropped, the stream has them."""

ELSEWHERE = ("MOVED", "ASK", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "LOADING", "MASTERDOWN")
"""How the errors begin that say: not here, or not now; nothing was done."""


@dataclass(slots=True, eq=False)
class Errand:
    """A command on its way. `key` decides the server; `done` is None where nobody waits for the answer.

    Without an answer to tell, a command is tried once more where a server said that it did nothing.
    """

    words: Command
    key: bytes
    done: asyncio.Future[Any] | None = None
    redirected: bool = False

    def settle(self, answer: Any) -> None:
        if self.done is None or self.done.done():
            return
        if isinstance(answer, Exception):
            self.done.set_exception(answer)
        else:
            self.done.set_result(answer)


class Pipe:
    """`elsewhere` is given what this server refused as not its own."""

    def __init__(self, endpoint: Endpoint, address: RedisAddress, elsewhere: Callable[[Errand], None]) -> None:
        self.endpoint = endpoint
        self._address = address
        self._elsewhere = elsewhere
        self._waiting: deque[Errand] = deque()
        self._ready = asyncio.Event()
        self._connection: RedisConnection | None = None

    def put(self, errand: Errand) -> None:
        self._waiting.append(errand)
        if len(self._waiting) > OUTGOING:
            self._waiting.popleft().settle(TimeoutError("too much waits for redis"))
        self._ready.set()

    async def run(self) -> None:
        """Sends, in order, what is put; ends by cancellation alone, and fails what still waits."""
        batch: list[Errand] = []
        try:
            while True:
                await self._ready.wait()
                self._ready.clear()
                batch = list(self._waiting)
                self._waiting.clear()
                await self._carry(batch)
        finally:
            if self._connection is not None:
                self._connection.abort()
            for errand in (*batch, *self._waiting):
                errand.settle(ConnectionResetError("the server is no longer used"))

    async def _carry(self, batch: list[Errand]) -> None:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await self._connect()
            async with asyncio.timeout(SILENCE):
                answers = await self._connection.batch([errand.words for errand in batch])
        except UNAVAILABLE as error:
            # not sent again: it may have arrived, and the healers of the other processes find it
            log.warning("publishing failed", messages=len(batch), error=str(error) or type(error).__name__)
            if self._connection is not None:
                self._connection.abort()
            for errand in batch:
                errand.settle(ConnectionError(str(error) or type(error).__name__))
            return
        for errand, answer in zip(batch, answers, strict=True):
            if isinstance(answer, ReplyError) and str(answer).startswith(ELSEWHERE) and not errand.redirected:
                errand.redirected = True
                self._elsewhere(errand)
            else:
                errand.settle(answer)

    async def _connect(self) -> RedisConnection:
        connection = await connect(self.endpoint, self._address, self._address.credentials)
        if self._address.database:
            await connection.call("SELECT", self._address.database)
        return connection
