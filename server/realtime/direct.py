"""Writing WebSocket frames straight to the transport: what makes fan-out cheap.

`DirectProtocol` is uvicorn's sans-I/O WebSocket protocol, which in addition offers the application a sink
as the ASGI scope extension `casewire.sink`. Handshake, reading and control frames stay uvicorn's. Under a
server without the extension the endpoint uses `server.realtime.asgi`, which does the same through `send`.
"""

from __future__ import annotations

import socket
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.realtime.codes import Disconnect

EXTENSION = "casewire.sink"

SEND_BUFFER = 128 * 1024
"""Bytes of a connection that the kernel may hold, so that a reader that has stopped is soon noticed."""


class DirectProtocol(WebSocketsSansIOProtocol):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    async def run_asgi(self) -> None:
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[EXTENSION] = DirectSink(self)
        await super().run_asgi()


class DirectSink:
    """See `server.realtime.door.Sink`. `text` chooses the kind of frames."""

    __slots__ = ("_protocol", "text")

    def __init__(self, protocol: DirectProtocol) -> None:
        self._protocol = protocol
        self.text = True

    @property
    def pending(self) -> int:
        return int(self._protocol.transport.get_write_buffer_size())

    def write(self, frame: bytes) -> None:
        protocol = self._protocol
        if protocol.close_sent or protocol.transport.is_closing():
            return
        if protocol.conn.extensions:  # compression was negotiated: the library encodes
            (protocol.conn.send_text if self.text else protocol.conn.send_binary)(frame)
            protocol.transport.write(b"".join(protocol.conn.data_to_send()))
        else:
            protocol.transport.write(header(len(frame), text=self.text) + frame)

    def close(self, end: Disconnect) -> None:
        """The closing handshake; uvicorn ends the connection when the peer answers, or after its time limit."""
        protocol = self._protocol
        if protocol.close_sent or protocol.transport.is_closing():
            return
        protocol.queue.put_nowait({"type": "websocket.disconnect", "code": end.code, "reason": end.reason})
        protocol.conn.send_close(end.code, end.reason)
        protocol.transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        if protocol.read_paused:
            protocol.read_paused = False
            protocol.transport.resume_reading()
        protocol.close_timer = protocol.loop.call_later(protocol.close_timeout, protocol.transport.abort)

    def abort(self, end: Disconnect) -> None:
        """Tries to say why, and drops the connection with all that waits: a reader that has stopped would
        keep a polite goodbye waiting for ever."""
        if self.pending == 0:
            self.close(end)
        self._protocol.transport.abort()

    async def drained(self) -> None:
        await self._protocol.writable.wait()


def header(length: int, *, text: bool) -> bytes:
    """The header of an unmasked, unfragmented, uncompressed frame (RFC 6455 section 5.2)."""
    first = b"\x81" if text else b"\x82"
    if length < 126:
        return first + bytes((length,))
    if length < 65536:
        return first + b"\x7e" + length.to_bytes(2, "big")
    return first + b"\x7f" + length.to_bytes(8, "big")
