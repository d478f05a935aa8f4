"""A WebSocket straight on the transport: no task, no queue and no coroutine waits for each connection.

The handshake goes through ASGI, so that routing, origins and refusals stay the application's. The scope
extension `casewire.take_over` gives the endpoint the connection itself; the ASGI call then returns, and all
that belonged to it is freed. Under a server without the extension the endpoint uses `server.realtime.asgi`.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from enum import IntEnum
from os import write as send
from typing import Any, Protocol

import structlog

from server.realtime.codes import SHUTDOWN, Disconnect
from server.realtime.deflate import Inflater, negotiated
from server.realtime.door import OUTGOING_LIMIT
from server.realtime.frames import PONG, close_frame, frame
from server.realtime.handshake import BadHandshake, Opening, acceptance, opening, refusal
from server.realtime.reader import Closed, Message, Ping, Reader, Violation

log = structlog.get_logger(__name__)

TAKE_OVER = "casewire.take_over"

SEND_BUFFER = 128 * 1024
"""Bytes of a connection that the kernel may hold, so that a reader that has stopped is soon noticed."""

DIRECT = sys.platform != "win32"
"""Whether a socket can be written to as a file, by its number."""

NO_FILE = -1

GOODBYE = 2.0
"""Seconds that a peer has to answer the closing frame."""

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


class Receiver(Protocol):
    """Who gets what the peer sends."""

    def receive(self, data: bytes) -> None: ...

    def closed(self) -> None:
        """The connection is gone. May be called more than once."""
        ...


class State(IntEnum):
    """In CLOSING our closing frame was sent; nothing is written or given to the receiver any more."""

    OPENING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


class SocketProtocol(asyncio.Protocol):
    """One connection, from the request for a WebSocket to its end; once open, a `server.realtime.door.Sink`.

    `peers` is where the server keeps the connections that it shuts down.
    """

    __slots__ = ("_drained", "_fd", "_peers", "_reader", "_receiver", "_timer", "_waits", "state", "transport")

    def __init__(self, transport: asyncio.Transport, peers: set[Any]) -> None:
        self.transport = transport
        self.state = State.OPENING
        self._peers = peers
        self._reader: Reader | None = None
        self._receiver: Receiver | None = None
        self._drained: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fd = NO_FILE
        self._waits = True  # whether something may wait in the transport, which must leave first
        peers.add(self)

    # The handshake

    async def open(self, app: App, scope: Scope) -> None:
        """Lets the application decide on the request in `scope`; the transport may be this protocol's already."""
        try:
            asked = opening(scope["method"], scope["headers"])
        except BadHandshake as error:
            self._refuse(error.response)
            return
        handshake = _Handshake(self, asked)
        try:
            await app(_socket_scope(scope, asked, handshake), handshake.receive, handshake.send)
        except Exception:  # reason: the boundary of the application, as in any ASGI server
            log.exception("the application failed in a handshake")
        if self.state is State.OPENING:
            self._refuse(refusal(500, (), b"Internal Server Error"))

    def _refuse(self, response: bytes) -> None:
        self.transport.write(response)
        self.transport.close()
        self.state = State.CLOSED

    def _accept(self, response: bytes, inflater: Inflater | None) -> None:
        connection = self.transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if connection is not None and DIRECT and self.transport.get_extra_info("sslcontext") is None:
            self._fd = connection.fileno()
        self.transport.write(response)
        self.state = State.OPEN
        self._reader = Reader(inflater)

    def attach(self, receiver: Receiver) -> None:
        """From now on `receiver` gets what comes in. Once, right after taking over."""
        self._receiver = receiver
        if self.state is State.CLOSED:
            receiver.closed()

    # Coming in

    def data_received(self, data: bytes) -> None:
        reader, receiver = self._reader, self._receiver
        if reader is None:
            return  # before the answer to its request, a client has nothing to say
        for event in reader.feed(data):
            if type(event) is Message:
                if receiver is not None and self.state is State.OPEN:
                    receiver.receive(event.data)
            elif type(event) is Ping:
                if self.state is State.OPEN and self._drained is None:  # pongs must not pile up either
                    self.write(frame(PONG, event.payload))
            elif type(event) is Closed:
                self._answer_close(event.code)
            elif type(event) is Violation:
                log.info("a client broke the WebSocket protocol", code=event.code, reason=event.reason)
                self._fail(event)

    def _fail(self, violation: Violation) -> None:
        """Says why and hangs up on our side alone: the reason would be lost if what is still coming in were
        refused. What comes in is thrown away, until the peer hangs up too or its time is over."""
        if self.state is State.OPEN:
            self._say_goodbye(violation.code, violation.reason)
            if self.transport.can_write_eof():
                self.transport.write_eof()
        self._gone()

    def _answer_close(self, code: int) -> None:
        if self.state is State.OPEN:
            self._say_goodbye(code, "")
        self.transport.close()
        self._gone()

    def eof_received(self) -> None:
        """The transport closes: a peer that only listens cannot answer pings."""

    def connection_lost(self, _error: Exception | None) -> None:
        """The transport closes its socket right after this: from then on the number is somebody else's."""
        self.state = State.CLOSED
        self._fd, self._waits = NO_FILE, True
        self._peers.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.resume_writing()
        self._gone()

    def _gone(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.closed()

    # Going out

    @property
    def pending(self) -> int:
        """0 below the transport's high-water mark: then the reader keeps up."""
        return 0 if self._drained is None else self.transport.get_write_buffer_size()

    def write(self, data: bytes) -> bool:
        """Sends whole frames: with a system call, as long as nothing waits in the transport."""
        if self._waits:
            return self._write_behind(data)
        try:
            sent = send(self._fd, data)
        except OSError:  # nothing can be taken now, or ever again: the transport finds out which
            sent = 0
        if sent < len(data):
            self._waits = True
            self.transport.write(memoryview(data)[sent:] if sent else data)
        return True

    def _write_behind(self, data: bytes) -> bool:
        if self.state is not State.OPEN:
            return True
        transport = self.transport
        waiting = transport.get_write_buffer_size()
        if waiting == 0 and self._fd != NO_FILE:
            self._waits = False
            return self.write(data)
        if self._drained is not None and waiting + len(data) > OUTGOING_LIMIT:
            return False
        transport.write(data)
        return True

    def close(self, end: Disconnect) -> None:
        """Begins the closing handshake; a peer that does not answer in time is dropped."""
        self._say_goodbye(end.code, end.reason)

    def _say_goodbye(self, code: int, reason: str) -> None:
        """Also ends a peer that says goodbye and then takes nothing of what is still on its way."""
        if self.state is not State.OPEN:
            return
        self.transport.write(close_frame(code, reason))
        self.state, self._waits = State.CLOSING, True
        self._timer = asyncio.get_running_loop().call_later(GOODBYE, self.transport.abort)

    def abort(self, end: Disconnect) -> None:
        """Tries to say why, and drops the connection with all that waits: a reader that has stopped would
        keep a polite goodbye waiting for ever."""
        if self.pending == 0:
            self._say_goodbye(end.code, end.reason)
        self._fd, self._waits = NO_FILE, True
        self.transport.abort()

    async def drained(self) -> None:
        while self._drained is not None:
            await asyncio.shield(self._drained)

    def pause_writing(self) -> None:
        if self._drained is None and self.state is not State.CLOSED:
            self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # The server's

    def shutdown(self) -> None:
        """The server stops: a goodbye, without waiting for the answer."""
        if self.state is State.OPENING:
            self._refuse(refusal(503, (), b"Service Unavailable"))
            return
        self._say_goodbye(SHUTDOWN.code, SHUTDOWN.reason)
        self.transport.close()


class _Handshake:
    """The ASGI side of a connection that is being opened."""

    def __init__(self, connection: SocketProtocol, asked: Opening) -> None:
        self._connection = connection
        self._asked = asked
        self._told = False
        self._refusal: tuple[int, list[tuple[bytes, bytes]], bytes] | None = None

    def take_over(self, subprotocol: str | None, *, compression: bool = False) -> tuple[SocketProtocol, bool]:
        """Accepts; the connection is the caller's, who attaches a receiver before it awaits anything.

        Also tells whether frames may be compressed: where that is allowed and the client offered it.
        """
        connection = self._connection
        extension = negotiated(self._asked.extensions) if compression else None
        if connection.state is State.OPENING:
            response = acceptance(self._asked, (), subprotocol, extension)
            connection._accept(response, None if extension is None else Inflater())
        return connection, extension is not None

    async def receive(self) -> dict[str, Any]:
        if not self._told:
            self._told = True
            return {"type": "websocket.connect"}
        raise RuntimeError(f"here a WebSocket is read by the scope extension {TAKE_OVER}")

    async def send(self, message: dict[str, Any]) -> None:
        """Refusals; whoever accepts takes over."""
        connection = self._connection
        if connection.state is not State.OPENING:
            return
        kind = message["type"]
        if kind == "websocket.close":
            connection._refuse(refusal(403, (), b""))
        elif kind == "websocket.http.response.start":
            self._refusal = (message["status"], list(message.get("headers", ())), b"")
        elif kind == "websocket.http.response.body" and self._refusal is not None:
            status, headers, body = self._refusal
            body += message.get("body", b"")
            self._refusal = (status, headers, body)
            if not message.get("more_body", False):
                connection._refuse(refusal(status, headers, body))
        else:
            raise RuntimeError(f"{kind}: here a WebSocket is accepted by the scope extension {TAKE_OVER}")


def _socket_scope(request: Scope, asked: Opening, handshake: _Handshake) -> Scope:
    return {
        **request,
        "type": "websocket",
        "scheme": "wss" if request["scheme"] == "https" else "ws",
        "subprotocols": asked.subprotocols,
        "extensions": {"websocket.http.response": {}, TAKE_OVER: handshake.take_over},
    }
