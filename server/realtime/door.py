"""The one door out of a connection: every reply and push goes through it, in order.

What is sent within one turn of the event loop leaves as one frame. What a reader does not take piles up
here, bounded in bytes: a slow reader is cut off (3008), comes back and recovers; nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from server.realtime.codecs.codec import Codec
from server.realtime.codes import SLOW, Disconnect

OUTGOING_LIMIT = 1 << 20
"""Bytes that may wait for a reader."""


class Sink(Protocol):
    """The transport under a door. Synchronous; what it cannot send yet counts as `pending` bytes."""

    def write(self, frame: bytes) -> None: ...

    def close(self, end: Disconnect) -> None:
        """Says goodbye after what was written."""
        ...

    def abort(self, end: Disconnect) -> None:
        """Drops the connection, with all that waits."""
        ...

    @property
    def pending(self) -> int: ...

    async def drained(self) -> None:
        """Waits until little is pending."""
        ...


class Door:
    """`too_slow` is called once, when the limit is passed."""

    __slots__ = ("_codec", "_limit", "_loop", "_messages", "_scheduled", "_sink", "_size", "_too_slow", "closed")

    def __init__(self, codec: Codec, sink: Sink, too_slow: Callable[[], None], limit: int = OUTGOING_LIMIT) -> None:
        self._codec = codec
        self._sink = sink
        self._too_slow = too_slow
        self._limit = limit
        self._messages: list[bytes] = []
        self._size = 0
        self._scheduled = False
        self._loop = asyncio.get_running_loop()
        self.closed = False

    def send(self, message: bytes) -> None:
        if self.closed:
            return
        self._messages.append(message)
        self._size += len(message)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)
        elif self._size > self._limit:
            self._flush()

    def _flush(self) -> None:
        self._scheduled = False
        if self.closed or not self._messages:
            return
        frame = self._messages[0] if len(self._messages) == 1 else self._codec.join(self._messages)
        self._messages.clear()
        self._size = 0
        self._sink.write(frame)
        if self._sink.pending > self._limit:
            self.closed = True
            self._sink.abort(SLOW)
            self._too_slow()

    def close(self, end: Disconnect) -> None:
        """Sends what waits, then the end."""
        if not self.closed:
            self._flush()
        if not self.closed:
            self.closed = True
            self._sink.close(end)

    async def drained(self) -> None:
        """Waits until the reader has taken most of what was sent."""
        if not self.closed:
            self._flush()
            await self._sink.drained()
