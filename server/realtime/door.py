"""The one door out of a connection: every reply and push goes through it, in order.

What is sent within one turn of the event loop leaves as one frame; connections that are sent the same share
its bytes. What a reader does not take piles up in the sink, bounded in bytes: a slow reader is cut off
(3008), comes back and recovers; nobody waits for it.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from channels.push import Push
from server.realtime.codes import SERVER_ERROR, SLOW, Disconnect
from server.realtime.packing import Packer, Packers

log = structlog.get_logger(__name__)

KERNEL_BYTES = 256 * 1024
"""What the system may hold of a connection: Linux doubles the size of the send buffer that it is asked for."""

OUTGOING_LIMIT = (1 << 20) - KERNEL_BYTES
"""Bytes that may wait for a reader in this process; with the system's, 1 MiB."""


class Sink(Protocol):
    """The transport under a door. Synchronous; what it cannot send yet counts as `pending` bytes."""

    def write(self, frame: bytes) -> None:
        """Sends what the door's packer made."""
        ...

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


class Owner(Protocol):
    """Whose door it is."""

    def cut_off(self, end: Disconnect) -> None: ...


class Outbox:
    """The doors of this process that have something to send, flushed once in each turn of the loop."""

    def __init__(self) -> None:
        self._call_soon = asyncio.get_running_loop().call_soon
        self._doors: list[Door] = []
        self.packers = Packers()

    def add(self, door: Door) -> None:
        if not self._doors:
            self._call_soon(self._flush)
        self._doors.append(door)

    def _flush(self) -> None:
        doors, self._doors = self._doors, []
        for door in doors:
            try:
                door.flush()
            except Exception:  # reason: one connection's fault must not keep the others waiting
                log.exception("a connection could not be written to")
                door.cut_off(SERVER_ERROR)


class Door:
    """`cut_off` of the owner is called once, when the door itself ends the connection. `waiting` is what this
    turn sends."""

    __slots__ = ("_outbox", "_owner", "_packer", "_sink", "closed", "waiting")

    def __init__(self, outbox: Outbox, packer: Packer, sink: Sink, owner: Owner) -> None:
        self._outbox = outbox
        self._packer = packer
        self._sink = sink
        self._owner = owner
        self.waiting: list[Push | bytes] = []
        self.closed = False

    def send(self, message: Push | bytes) -> None:
        """A push is encoded once for all doors; bytes are a message of this one's codec."""
        if self.closed:
            return
        if not self.waiting:
            self._outbox.add(self)
        self.waiting.append(message)

    def flush(self) -> None:
        if not self.waiting:
            return
        frame = self._packer.pack(self.waiting)
        self.waiting.clear()
        pending = self._sink.pending
        if pending and pending + len(frame) > OUTGOING_LIMIT:
            self.cut_off(SLOW)
        else:
            self._sink.write(frame)

    def cut_off(self, end: Disconnect) -> None:
        """Drops the connection with all that waits."""
        if not self.closed:
            self.shut()
            self._sink.abort(end)
            self._owner.cut_off(end)

    def close(self, end: Disconnect) -> None:
        """Sends what waits, then the end."""
        self.flush()
        if not self.closed:
            self.closed = True
            self._sink.close(end)

    def shut(self) -> None:
        """The connection is gone: nothing is sent any more."""
        self.closed = True
        self.waiting.clear()

    async def drained(self) -> None:
        """Waits until the reader has taken most of what was sent."""
        self.flush()
        if not self.closed:
            await self._sink.drained()
