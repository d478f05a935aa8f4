"""A WebSocket without an SDK: what the server sends, as it is, and the code with which it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets

from tests.ground.eventually import eventually


class Socket:
    """Everything that came, in order; `closed` is the code once the server has ended it."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.messages: list[dict[str, Any]] = []
        self.closed: int | None = None
        self._ids = 0

    async def read(self) -> None:
        try:
            async for frame in self.connection:
                for line in str(frame).split("\n"):
                    if line == "{}":
                        await self.connection.send("{}")
                    else:
                        self.messages.append(json.loads(line))
        except websockets.ConnectionClosed:
            pass
        self.closed = self.connection.close_code

    async def ask(self, method: str, /, **params: Any) -> dict[str, Any]:
        """The reply to a command, result or error."""
        self._ids += 1
        number = self._ids
        await self.connection.send(json.dumps({"id": number, method: params}))

        def reply() -> dict[str, Any] | None:
            return next((message for message in self.messages if message.get("id") == number), None)

        return await eventually(reply, within=20, what=f"a reply to {method}") or {}

    def pushes(self, channel: str) -> list[dict[str, Any]]:
        found = [message["push"] for message in self.messages if "push" in message]
        return [push for push in found if push.get("channel") == channel]

    def signals(self, channel: str) -> list[dict[str, Any]]:
        return [push["pub"]["data"] for push in self.pushes(channel) if "pub" in push and "offset" not in push["pub"]]

    def offsets(self, channel: str) -> list[int]:
        return [push["pub"]["offset"] for push in self.pushes(channel) if "offset" in push.get("pub", {})]

    def unsubscribed(self, channel: str) -> int | None:
        """The code of the server's unsubscribe."""
        return next((push["unsubscribe"]["code"] for push in self.pushes(channel) if "unsubscribe" in push), None)

    def of_kind(self, channel: str, kind: str) -> list[str]:
        """The connections of the joins or leaves, in order."""
        return [push[kind]["info"]["client"] for push in self.pushes(channel) if kind in push]


@asynccontextmanager
async def socket(url: str, token: str, *channels: str, join_leave: bool = False) -> AsyncIterator[Socket]:
    """A connection that is subscribed to channels."""
    async with websockets.connect(url, ping_interval=None) as connection:
        one = Socket(connection)
        reading = asyncio.create_task(one.read())
        try:
            reply = await one.ask("connect", token=token)
            assert "connect" in reply, reply
            for channel in channels:
                reply = await one.ask("subscribe", channel=channel, join_leave=join_leave)
                assert "subscribe" in reply, reply
            yield one
        finally:
            await connection.close()
            await asyncio.gather(reading, return_exceptions=True)
