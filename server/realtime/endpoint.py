"""`/connection/websocket`: a WebSocket's frames to a session, and back through its door."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from server.client import is_same_origin
from server.realtime.asgi import AsgiSink
from server.realtime.commands import handle
from server.realtime.direct import EXTENSION
from server.realtime.session import Session
from server.realtime.wire import JSON
from server.services import Services

router = APIRouter()

JSON_SUBPROTOCOL = "centrifuge-json"


@router.websocket("/connection/websocket")
async def websocket_endpoint(websocket: WebSocket) -> None:
    """Accepts first and judges the `connect` command then: SDKs take a refused handshake for a bad network."""
    services: Services = websocket.app.state.services
    settings = services.settings
    if not is_same_origin(websocket.scope, settings.trusted_proxies, settings.allowed_origins):
        await websocket.close(4403, "origin not allowed")  # before accept: HTTP 403
        return
    offered = websocket.scope.get("subprotocols", [])
    await websocket.accept(subprotocol=JSON_SUBPROTOCOL if JSON_SUBPROTOCOL in offered else None)
    direct = websocket.scope.get("extensions", {}).get(EXTENSION)
    if direct is not None:
        session = Session(services, JSON, direct, handle)
        await _read(websocket, session)
        return
    sink = AsgiSink(websocket, text=True)
    session = Session(services, JSON, sink, handle)
    await _read_and_write(websocket, session, sink)


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
    reading = asyncio.ensure_future(_read(websocket, session))
    writing = asyncio.ensure_future(sink.run())
    try:
        await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (reading, writing):
            task.cancel()
        await asyncio.gather(reading, writing, return_exceptions=True)
