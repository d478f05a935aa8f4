"""A door's sink over any ASGI server: one writer task, which awaits `send` so that nobody else has to."""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from server.realtime.codes import Disconnect
from server.realtime.door import OUTGOING_LIMIT

LOW_WATER = 64 * 1024
GOODBYE = 2.0
"""Seconds that a peer has to take the closing frame."""


class AsgiSink:
    """See `server.realtime.door.Sink`. Through the ASGI messages of any server; `run` does the writing."""

    def __init__(self, websocket: WebSocket, *, text: bool) -> None:
        self._websocket = websocket
        self._text = text
        self._frames: deque[bytes] = deque()
        self._pending = 0
        self._wake = asyncio.Event()
        self._low = asyncio.Event()
        self._low.set()
        self._end: Disconnect | None = None
        self._dropped = asyncio.Event()

    def write(self, frame: bytes) -> bool:
        if self._pending and self._pending + len(frame) > OUTGOING_LIMIT:
            return False
        self._frames.append(frame)
        self._pending += len(frame)
        if self._pending > LOW_WATER:
            self._low.clear()
        self._wake.set()
        return True

    def close(self, end: Disconnect) -> None:
        self._end = end
        self._wake.set()

    def abort(self, end: Disconnect) -> None:
        """Drops what waits, and the connection even where its reader does not read."""
        self._frames.clear()
        self._dropped.set()
        self.close(end)

    async def dropped(self) -> None:
        """Waits until the connection is to be dropped, even where the writer is held up by its reader."""
        await self._dropped.wait()

    async def drained(self) -> None:
        await self._low.wait()

    async def run(self) -> None:
        """Writes until the end; returns when the connection is closed or gone."""
        try:
            while True:
                while self._frames:
                    frame = self._frames.popleft()
                    await self._send(frame)
                    self._pending -= len(frame)
                    if self._pending <= LOW_WATER:
                        self._low.set()
                if self._end is not None:
                    async with asyncio.timeout(GOODBYE):
                        await self._websocket.close(self._end.code, self._end.reason)
                    return
                self._wake.clear()
                await self._wake.wait()
        except (WebSocketDisconnect, OSError, TimeoutError):
            return
        except RuntimeError:
            # Starlette's word for sending on a connection that the peer has closed
            if self._websocket.application_state is WebSocketState.CONNECTED:
                raise
        finally:
            self._low.set()

    async def _send(self, frame: bytes) -> None:
        if self._text:
            await self._websocket.send_text(frame.decode())
        else:
            await self._websocket.send_bytes(frame)
