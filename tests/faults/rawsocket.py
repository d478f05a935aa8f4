"""The client protocol at its barest: no reconnection, no state, and a reader that can stop reading."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import websockets
from websockets.asyncio.client import ClientConnection

from tests.faults.history import Json

Pushed = Callable[[str, str, Json], None]
"""Called with a channel, the kind of push and its body, before what came after it is looked at."""

RECEIVE_BUFFER = 16 * 1024


class Gone(Exception):
    """The connection is gone, or an answer did not come; says why."""


class Rejected(Exception):
    """An error reply."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class RawSocket:
    """`gone` says why it is; None while it lives."""

    def __init__(self, connection: ClientConnection, pushed: Pushed) -> None:
        self._connection = connection
        self._pushed = pushed
        self._ids = 0
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._reading = asyncio.Event()
        self._reading.set()
        self.gone: str | None = None
        self.ended = asyncio.create_task(self._read())

    @classmethod
    async def connected(cls, url: str, token: str, pushed: Pushed, within: float) -> RawSocket:
        """Raises Gone and Rejected."""
        try:
            async with asyncio.timeout(within):
                one = cls(await _connection(url), pushed)
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise Gone(f"not connected: {type(error).__name__}") from None
        try:
            await one.request("connect", {"token": token}, within)
        except BaseException:
            await one.close()
            raise
        return one

    def stop_reading(self) -> None:
        self._reading.clear()

    def read_on(self) -> None:
        self._reading.set()

    async def request(self, method: str, params: Json, within: float) -> Json:
        """The result. Raises Rejected for an error reply, Gone where there was none."""
        if self.gone is not None:
            raise Gone(self.gone)
        self._ids += 1
        number = self._ids
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within):
                await self._connection.send(json.dumps({"id": number, method: params}))
                reply = await answer
        except websockets.ConnectionClosed:
            raise Gone("closed while sending") from None
        except TimeoutError:
            raise Gone("no answer in time") from None
        finally:
            self._waiting.pop(number, None)
        if "error" in reply:
            raise Rejected(reply["error"]["code"], reply["error"]["message"])
        result: Json = reply[method]
        return result

    async def _read(self) -> None:
        try:
            while True:
                await self._reading.wait()
                for line in str(await self._connection.recv()).split("\n"):
                    await self._handle(json.loads(line))
        except websockets.ConnectionClosed as error:
            self._end(f"{error.rcvd.code} {error.rcvd.reason}" if error.rcvd else "connection lost")

    async def _handle(self, reply: dict[str, Any]) -> None:
        if number := reply.get("id"):
            waiting = self._waiting.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)
                await asyncio.sleep(0)  # whoever waits goes on before what follows the reply is looked at
                await asyncio.sleep(0)
        elif push := reply.get("push"):
            if "disconnect" in push:
                self._end(f"{push['disconnect']['code']} {push['disconnect']['reason']}")
            kind = next(name for name in push if name != "channel")
            self._pushed(push.get("channel", ""), kind, push[kind])
        else:
            await self._connection.send("{}")

    def _end(self, why: str) -> None:
        self.gone = self.gone or why
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Gone(why))
                waiting.exception()  # whoever waited may have given up

    def abandon(self, why: str) -> None:
        """Has had enough of it."""
        self._end(why)
        self._connection.transport.abort()

    async def close(self) -> None:
        self._end("closed by us")
        self.ended.cancel()
        await asyncio.gather(self.ended, return_exceptions=True)
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
