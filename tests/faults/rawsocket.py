"""The bare protocol over a WebSocket, whose reader can stop reading."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import websockets
from websockets.asyncio.client import ClientConnection

from tests.faults.dialogue import Dialogue, Gone, Pushed
from tests.faults.history import Json

RECEIVE_BUFFER = 16 * 1024


class RawSocket(Dialogue):
    def __init__(self, connection: ClientConnection, pushed: Pushed) -> None:
        super().__init__(pushed)
        self._connection = connection
        self._willing = asyncio.Event()
        self._willing.set()
        self.reading = asyncio.create_task(self._read())

    @classmethod
    async def connected(
        cls, url: str, token: str, pushed: Pushed, within: float, known: Json | None = None
    ) -> RawSocket:
        """Raises Gone and Rejected."""
        try:
            async with asyncio.timeout(within):
                one = cls(await _connection(url), pushed)
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise Gone(f"not connected: {type(error).__name__}") from None
        return await one.introduce(token, known or {}, within)

    def stop_reading(self) -> None:
        self._willing.clear()

    def read_on(self) -> None:
        self._willing.set()

    async def send(self, command: str) -> None:
        try:
            await self._connection.send(command)
        except websockets.ConnectionClosed:
            raise Gone("closed while sending") from None

    async def pong(self) -> None:
        await self._connection.send("{}")

    async def _read(self) -> None:
        try:
            while True:
                await self._willing.wait()
                for line in str(await self._connection.recv()).split("\n"):
                    await self.handle(json.loads(line))
        except websockets.ConnectionClosed as error:
            self.end(f"{error.rcvd.code} {error.rcvd.reason}" if error.rcvd else "connection lost")

    def abandon(self, why: str) -> None:
        self.end(why)
        self._connection.transport.abort()

    async def close(self) -> None:
        self.end("closed by us")
        if self.reading is not None:
            self.reading.cancel()
            await asyncio.gather(self.reading, return_exceptions=True)
        transport = self._connection.transport
        with suppress(OSError):
            transport.abort()
        with suppress(TimeoutError, OSError, websockets.WebSocketException):
            async with asyncio.timeout(1):
                await self._connection.wait_closed()


async def _connection(url: str) -> ClientConnection:
    """With small buffers, so that it is soon felt when it stops reading."""
    parts = urlsplit(url)
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    plain.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
        return await websockets.connect(
            url, sock=plain, max_queue=1, ping_interval=None, compression=None, proxy=None, max_size=None
        )
    except BaseException:
        plain.close()
        raise
