"""`/connection/websocket`, and the one for listeners: a WebSocket's frames to a session, and back through its door."""

from __future__ import annotations

import asyncio

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.client import is_same_origin
from server.realtime.asgi import AsgiSink
from server.realtime.codecs.choice import codec_of, subprotocol_of
from server.realtime.codecs.codec import Codec
from server.realtime.codecs.unidirectional import UNIDIRECTIONAL
from server.realtime.commands import handle
from server.realtime.direct import TAKE_OVER, SocketProtocol
from server.realtime.door import Sink
from server.realtime.packing import Packer
from server.realtime.session import Session
from server.realtime.unidirectional import Listener
from server.services import Services

PATH = "/connection/websocket"
LISTENER_PATH = "/connection/uni_websocket"


class Sockets:
    """ASGI middleware, the outermost: connecting costs none of what is made for requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] in (PATH, LISTENER_PATH):
            await _open(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _open(scope: Scope, receive: Receive, send: Send) -> None:
    """Accepts first and judges the `connect` command then: SDKs take a refused handshake for a bad network."""
    services: Services = scope["app"].state.services
    settings = services.settings
    if not is_same_origin(scope, settings.trusted_proxies, settings.allowed_origins):
        await WebSocket(scope, receive, send).close(4403, "origin not allowed")  # before accept: HTTP 403
        return
    subprotocol = subprotocol_of(scope.get("subprotocols", []))
    query = QueryParams(scope["query_string"]) if scope["query_string"] else {}
    asked = codec_of(subprotocol, query)
    codec = UNIDIRECTIONAL if scope["path"] == LISTENER_PATH else asked
    take_over = scope.get("extensions", {}).get(TAKE_OVER)
    if take_over is not None:
        connection: SocketProtocol
        connection, compressed = take_over(subprotocol, compression=settings.compression)
        packers = services.outbox.packers
        packer = packers.deflated(codec) if compressed else packers.of(codec)
        connection.attach(_session(services, codec, connection, packer))
        return
    websocket = WebSocket(scope, receive, send)
    await websocket.accept(subprotocol=subprotocol)
    sink = AsgiSink(websocket, text=codec.text)
    await _read_and_write(websocket, _session(services, codec, sink), sink)


def _session(services: Services, codec: Codec, sink: Sink, packer: Packer | None = None) -> Session:
    if codec is UNIDIRECTIONAL:
        return Listener(services, codec, sink, packer)
    return Session(services, codec, sink, handle, packer)


async def _read(websocket: WebSocket, session: Session) -> None:
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            session.receive(message["bytes"] if text is None else text)
    except WebSocketDisconnect:
        return
    finally:
        session.closed()


async def _read_and_write(websocket: WebSocket, session: Session, sink: AsgiSink) -> None:
    """Ends when either side does."""
    tasks = (
        asyncio.ensure_future(_read(websocket, session)),
        asyncio.ensure_future(sink.run()),
        asyncio.ensure_future(sink.dropped()),
    )
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
