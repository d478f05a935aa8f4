"""A connection whose way out is one long HTTP answer: the sink under its door, and the answer itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from server.http_protocol import HttpProtocol
from server.realtime.codecs.codec import Codec
from server.realtime.codes import Disconnect
from server.realtime.door import OUTGOING_LIMIT, Sink
from server.realtime.packing import Framing, Packer
from server.realtime.session import Session
from server.services import Services

GOODBYE = 2.0
"""Seconds that a client has to take the end of the answer."""

HEADERS = {
    "Cache-Control": "private, no-cache, no-store, must-revalidate, max-age=0",
    "Connection": "close",  # nothing follows the end
    "X-Accel-Buffering": "no",  # or nginx would keep what we say to itself
}


def lines(payload: bytes) -> bytes:
    """JSON, a message a line."""
    return _chunk(payload + b"\n")


def events(payload: bytes) -> bytes:
    """Server-sent events, one for each message: only between messages there are line ends."""
    return _chunk(b"data: %b\n\n" % payload.replace(b"\n", b"\n\ndata: "))


def bare(payload: bytes) -> bytes:
    """Messages of Protobuf bring their own length."""
    return _chunk(payload)


def _chunk(body: bytes) -> bytes:
    """A piece of a body of unknown length (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(body), body)


@dataclass(frozen=True, slots=True)
class StreamKind:
    """What a stream looks like on the wire."""

    codec: Codec
    media_type: str
    framing: Framing
    prelude: bytes = b""
    """Opens the stream through proxies that wait for the first byte."""


class StreamSink:
    """See `server.realtime.door.Sink`. Writes chunks of the body straight to the transport."""

    def __init__(self, connection: HttpProtocol, kind: StreamKind) -> None:
        self.ended: asyncio.Future[None] = connection.loop.create_future()
        self._connection = connection
        self._transport = connection.transport
        self._kind = kind

    @property
    def pending(self) -> int:
        return self._transport.get_write_buffer_size()

    def write(self, frame: bytes) -> bool:
        pending = self.pending
        if pending and pending + len(frame) > OUTGOING_LIMIT:
            return False
        if not (self.ended.done() or self._transport.is_closing()):
            self._transport.write(frame)
        return True

    def close(self, end: Disconnect) -> None:
        if not self.ended.done():
            self._say(end)
            self.ended.set_result(None)
            self._connection.loop.call_later(GOODBYE, self._transport.abort)

    def abort(self, end: Disconnect) -> None:
        """Tries to say why, and drops the connection with all that waits."""
        if self.pending == 0:
            self._say(end)
        self._transport.abort()

    def _say(self, end: Disconnect) -> None:
        self.write(self._kind.framing(self._kind.codec.disconnect(end)))

    async def drained(self) -> None:
        await self._connection.flow.drain()


Begin = Callable[[Services, Codec, Sink, Packer], Session]


class StreamResponse(Response):
    """The answer that is a connection: of a session that `begin` makes, to the end of either side.

    `said` is what the client said when it asked for the stream.
    """

    def __init__(self, kind: StreamKind, said: bytes, begin: Begin) -> None:
        self.status_code = 200
        self.background = None
        self.media_type = kind.media_type
        self.init_headers(HEADERS)
        self._kind = kind
        self._said = said
        self._begin = begin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["long_poll"] = True  # its duration says nothing about us
        connection, kind = HttpProtocol.of(scope), self._kind
        connection.expect_a_stream()
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": kind.prelude, "more_body": True})
        sink = StreamSink(connection, kind)
        services: Services = scope["app"].state.services
        session = self._begin(services, kind.codec, sink, services.outbox.packers.of(kind.codec, kind.framing))
        session.receive(self._said)
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((gone, sink.ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            session.closed()
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
