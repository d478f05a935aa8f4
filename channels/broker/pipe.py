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


class Answers:
    """The answers to several commands in one future, in their order; where one failed, its error."""

    __slots__ = ("_answers", "_missing", "complete")

    def __init__(self, count: int, complete: asyncio.Future[list[Any]]) -> None:
        self._answers: list[Any] = [None] * count
        self._missing = count
        self.complete = complete
        if not count:
            complete.set_result([])

    def put(self, place: int, answer: Any) -> None:
        """Once for each place."""
        self._answers[place] = answer
        self._missing -= 1
        if not self._missing and not self.complete.done():
            self.complete.set_result(self._answers)


class Place:
    """One of them, as an errand has it: like a future."""

    __slots__ = ("_answers", "_place")

    def __init__(self, answers: Answers, place: int) -> None:
        self._answers = answers
        self._place = place

    def done(self) -> bool:
        return self._answers.complete.done()

    def set_result(self, answer: Any) -> None:
        self._answers.put(self._place, answer)

    def set_exception(self, error: Exception) -> None:
        self._answers.put(self._place, error)


@dataclass(slots=True, eq=False)
class Errand:
    """A command on its way. `key` decides the server; `done` is None where nobody waits for the answer.

    A command of which it is sure that nothing was done is tried once more, unless it is `redirected` already.
    """

    words: Command
    key: bytes
    done: asyncio.Future[Any] | Place | None = None
    redirected: bool = False
    failed: Callable[[bytes], None] | None = None

    def settle(self, answer: Any) -> None:
        if self.failed is not None and isinstance(answer, Exception):
            self.failed(self.key)
        if self.done is None or self.done.done():
            return
        if isinstance(answer, Exception):
            self.done.set_exception(answer)
        else:
            self.done.set_result(answer)


class Pipe:
    """`elsewhere` is given what this server refused as not its own, or could not even be told; `suspect` is called
    when it cannot be reached."""

    def __init__(
        self,
        endpoint: Endpoint,
        address: RedisAddress,
        elsewhere: Callable[[Errand], None],
        suspect: Callable[[], None],
    ) -> None:
        self.endpoint = endpoint
        self._address = address
        self._elsewhere = elsewhere
        self._suspect = suspect
        self._failing = False
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
                batch = []  # each is settled, and counts once
        finally:
            if self._connection is not None:
                self._connection.abort()
            for errand in (*batch, *self._waiting):
                errand.settle(ConnectionResetError("the server is no longer used"))

    async def _carry(self, batch: list[Errand]) -> None:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await self._connect()
        except UNAVAILABLE as error:
            self._report(batch, error)
            for errand in batch:
                self._redirect_or_settle(errand, ConnectionError(str(error) or type(error).__name__))
            return
        try:
            async with asyncio.timeout(SILENCE):
                answers = await self._connection.batch([errand.words for errand in batch])
        except UNAVAILABLE as error:
            self._report(batch, error)
            self._connection.abort()
            for errand in batch:
                # not sent again: it may have arrived, and the healers of the other processes find it
                errand.settle(ConnectionError(str(error) or type(error).__name__))
            return
        self._failing = False
        for errand, answer in zip(batch, answers, strict=True):
            if isinstance(answer, ReplyError) and str(answer).startswith(ELSEWHERE):
                self._redirect_or_settle(errand, answer)
            else:
                errand.settle(answer)

    def _redirect_or_settle(self, errand: Errand, error: Exception) -> None:
        """After nothing was done."""
        if errand.redirected:
            errand.settle(error)
            self._suspect()
        else:
            errand.redirected = True
            self._elsewhere(errand)

    def _report(self, batch: list[Errand], error: BaseException) -> None:
        """Once for each time that the server is away."""
        self._suspect()
        if not self._failing:
            self._failing = True
            reason = str(error) or type(error).__name__
            log.warning("redis takes no commands", server=str(self.endpoint), waiting=len(batch), error=reason)

    async def _connect(self) -> RedisConnection:
        connection = await connect(self.endpoint, self._address, self._address.credentials)
        if self._address.database:
            await connection.call("SELECT", self._address.database)
        return connection
