"""The bare protocol where WebSockets do not get through: a stream by HTTP or by server-sent events, and commands by
requests of their own, perhaps to another node."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass

import httpx

from tests.faults.dialogue import Dialogue, Gone, Pushed
from tests.faults.history import Json

DATA = "data: "


@dataclass(frozen=True, slots=True)
class StreamWays:
    """Where the stream comes from, and where the commands go. `events`: server-sent ones."""

    url: str
    emulation_url: str
    events: bool = False


class RawStream(Dialogue):
    def __init__(self, http: httpx.AsyncClient, ways: StreamWays, pushed: Pushed) -> None:
        super().__init__(pushed)
        self._http = http
        self._ways = ways
        self._pongs: set[asyncio.Task[None]] = set()

    @classmethod
    async def connected(
        cls, http: httpx.AsyncClient, ways: StreamWays, token: str, pushed: Pushed, within: float, known: Json
    ) -> RawStream:
        """Raises Gone and Rejected."""
        return await cls(http, ways, pushed).introduce(token, known, within)

    async def send(self, command: str) -> None:
        """The first command opens the stream."""
        if self.reading is None:
            self.reading = asyncio.create_task(self._read(command))
            return
        names = {"session": self.greeting["session"], "node": self.greeting["node"]}
        try:
            response = await self._http.post(f"{self._ways.emulation_url}/emulation", json={**names, "data": command})
        except httpx.HTTPError as error:
            raise Gone(f"emulation: {type(error).__name__}") from None
        if response.status_code != 204:
            raise Gone(f"emulation: {response.status_code}")

    async def pong(self) -> None:
        """In its own time: what the stream carries does not wait for the way back."""
        task = asyncio.create_task(self._pong())
        self._pongs.add(task)
        task.add_done_callback(self._pongs.discard)

    async def _pong(self) -> None:
        with suppress(Gone):
            await self.send("{}")

    async def _read(self, connect: str) -> None:
        if self._ways.events:  # as a browser's EventSource asks
            asked = self._http.stream("GET", f"{self._ways.url}/connection/sse", params={"cf_connect": connect})
        else:
            asked = self._http.stream("POST", f"{self._ways.url}/connection/http_stream", content=connect)
        why = "the stream ended"
        try:
            async with asked as response:
                async for line in response.aiter_lines():
                    said = line.removeprefix(DATA) if self._ways.events else line
                    if said:
                        await self.handle(json.loads(said))
        except (httpx.HTTPError, ValueError) as error:  # a line that was cut in the middle is no JSON
            why = f"{type(error).__name__}: {error}"
        self.end(why)

    def abandon(self, why: str) -> None:
        self.end(why)
        if self.reading is not None:
            self.reading.cancel()

    async def close(self) -> None:
        self.end("closed by us")
        tasks = [*self._pongs, *self._sending, *([] if self.reading is None else [self.reading])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
