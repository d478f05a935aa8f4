"""The one door out of a connection: every reply and push goes through it, in order.

What is sent within one turn of the event loop leaves as one frame; connections that are sent the same share
its bytes. What a reader does not take piles up in the sink, bounded in bytes: a slow reader is cut off
(3008), comes back and recovers; nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
    """The transport under a door. Synchronous; what it cannot send yet waits in it, up to OUTGOING_LIMIT."""

    def write(self, frame: bytes) -> bool:
        """Sends what the door's packer made. False where too much waits already: then nothing of it was taken."""
        ...

    def close(self, end: Disconnect) -> None:
        """Says goodbye after what was written."""
        ...

    def abort(self, end: Disconnect) -> None:
        """Drops the connection, with all that waits."""
        ...

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
        self.packers = Packers()
        self.doors: list[Door] = []

    def wake(self) -> None:
        """Before the first door of a turn is added to `doors`."""
        self._call_soon(self._flush)

    def _flush(self) -> None:
        """`Door.flush` for each, without the call, and with one frame for all that one packer was given the same."""
        doors, self.doors = self.doors, []
        frames: dict[Packer, tuple[list[Push | bytes], bytes]] = {}
        for door in doors:
            waiting = door.waiting
            if not waiting:
                continue  # it was flushed on its own, or shut
            try:
                packed = frames.get(door.packer)
                if packed is None or packed[0] != waiting:  # pushes are compared by identity
                    packed = frames[door.packer] = waiting.copy(), door.packer.pack(waiting)
                waiting.clear()
                if not door.sink.write(packed[1]):
                    door.cut_off(SLOW)
            except Exception:  # reason: one connection's fault must not keep the others waiting
                log.exception("a connection could not be written to")
                door.cut_off(SERVER_ERROR)


class Door:
    """`cut_off` of the owner is called once, when the door itself ends the connection. `waiting` is what this
    turn sends."""

    __slots__ = ("_outbox", "_owner", "closed", "packer", "sink", "waiting")

    def __init__(self, outbox: Outbox, packer: Packer, sink: Sink, owner: Owner) -> None:
        self.packer = packer
        self.sink = sink
        self.waiting: list[Push | bytes] = []
        self.closed = False
        self._outbox = outbox
        self._owner = owner

    def send(self, message: Push | bytes) -> None:
        """A push is encoded once for all doors; bytes are a message of this one's codec."""
        self.deliver((message,))

    def deliver(self, messages: Sequence[Push | bytes]) -> None:
        """All that a publication does for each of its receivers, until they are flushed."""
        waiting = self.waiting
        if not waiting:
            if self.closed:
                return
            doors = self._outbox.doors
            if not doors:
                self._outbox.wake()
            doors.append(self)
        waiting.extend(messages)

    def flush(self) -> None:
        """At once, where something has to leave before what comes next."""
        if not self.waiting:
            return
        frame = self.packer.pack(self.waiting)
        self.waiting.clear()
        if not self.sink.write(frame):
            self.cut_off(SLOW)

    def cut_off(self, end: Disconnect) -> None:
        """Drops the connection with all that waits."""
        if not self.closed:
            self.shut()
            self.sink.abort(end)
            self._owner.cut_off(end)

    def close(self, end: Disconnect) -> None:
        """Sends what waits, then the end."""
        self.flush()
        if not self.closed:
            self.closed = True
            self.sink.close(end)

    def shut(self) -> None:
        """The connection is gone: nothing is sent any more."""
        self.closed = True
        self.waiting.clear()

    async def drained(self) -> None:
        """Waits until the reader has taken most of what was sent."""
        self.flush()
        if not self.closed:
            await self.sink.drained()
