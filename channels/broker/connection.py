"""One connection to a Redis server: commands in, answers out, in order; and what is pushed by itself.

A protocol over hiredis's parser and nothing more: a message costs a tenth of what it costs by way of redis-py's
pub/sub reader, and thousands of subscriptions leave in one write.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import hiredis

from channels.broker.address import Credentials, Endpoint, RedisAddress

CONNECT_TIMEOUT = 1.0

Word: TypeAlias = "bytes | str | int"
Command: TypeAlias = "Sequence[Word]"

ReplyError = hiredis.ReplyError

# hiredis's types know commands of one word alone
_packed = cast("Callable[[tuple[Word, ...]], bytes]", hiredis.pack_command)

UNAVAILABLE = (OSError, TimeoutError, hiredis.HiredisError)
"""What a connection or a command may end with when Redis is away, or refuses."""


class _Batch:
    """Commands that were written together, and the answers that came so far."""

    __slots__ = ("answers", "done", "size")

    def __init__(self, size: int, done: asyncio.Future[list[Any]]) -> None:
        self.size = size
        self.done = done
        self.answers: list[Any] = []


class RedisConnection(asyncio.Protocol):
    """`pushed` is called with the replies of one read that answer none of `batch`; `lost` once, when the connection
    is gone."""

    def __init__(self, pushed: Callable[[list[Any]], None], lost: Callable[[], None]) -> None:
        self._reader = hiredis.Reader()
        self._pushed = pushed
        self._lost = lost
        self._batches: deque[_Batch] = deque()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.heard = self._loop.time()
        """When something came last, on the loop's clock."""

    @property
    def closed(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def write(self, commands: Sequence[Command]) -> None:
        """Sends commands whose replies, if any, are pushes."""
        if self._transport is not None:
            self._transport.write(b"".join([_packed(tuple(command)) for command in commands]))

    def batch(self, commands: Sequence[Command]) -> asyncio.Future[list[Any]]:
        """The answers; one that is an error is a `ReplyError` among them. Fails with ConnectionError."""
        done: asyncio.Future[list[Any]] = self._loop.create_future()
        if self.closed:
            done.set_exception(ConnectionResetError("the connection to Redis is gone"))
        else:
            self._batches.append(_Batch(len(commands), done))
            self.write(commands)
        return done

    async def call(self, *command: Word) -> Any:
        """One answer; an error is raised."""
        (answer,) = await self.batch([command])
        if isinstance(answer, ReplyError):
            raise answer
        return answer

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # a stream connection was asked for; uvloop's transports are no subclasses
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard = self._loop.time()
        self._reader.feed(data)
        pushed: list[Any] = []
        try:
            while (reply := self._reader.gets()) is not False:
                if self._batches:
                    self._answer(reply)
                else:
                    pushed.append(reply)
        except hiredis.ProtocolError:
            self.abort()
        if pushed:
            self._pushed(pushed)

    def _answer(self, reply: Any) -> None:
        batch = self._batches[0]
        batch.answers.append(reply)
        if len(batch.answers) == batch.size:
            self._batches.popleft()
            if not batch.done.done():
                batch.done.set_result(batch.answers)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        for batch in self._batches:
            if not batch.done.done():
                batch.done.set_exception(ConnectionResetError(str(error or "the connection to Redis is gone")))
        self._batches.clear()
        self._lost()


def _ignore(_reply: object = None) -> None:
    """For connections on which nothing is pushed."""


async def connect(
    endpoint: Endpoint,
    address: RedisAddress,
    credentials: Credentials,
    *,
    pushed: Callable[[list[Any]], None] = _ignore,
    lost: Callable[[], None] = _ignore,
) -> RedisConnection:
    """A connection that is logged in. Raises one of UNAVAILABLE."""
    loop = asyncio.get_running_loop()

    def protocol() -> RedisConnection:
        return RedisConnection(pushed, lost)

    async with asyncio.timeout(CONNECT_TIMEOUT):
        if endpoint.port:
            context = address.ssl_context
            _, connection = await loop.create_connection(protocol, endpoint.host, endpoint.port, ssl=context)
        else:
            _, connection = await loop.create_unix_connection(protocol, endpoint.host)
        try:
            if credentials.words:
                await connection.call(*credentials.words)
        except BaseException:  # reason: also when cancelled, the connection is not left open
            connection.abort()
            raise
    return connection
