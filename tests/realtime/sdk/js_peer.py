"""The JavaScript SDK in Node.js: one process for all clients of the tests, which `js/driver.mjs` drives."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.ground.node import find_node
from tests.realtime.sdk.peer import Event, Peer, PeerError

HERE = Path(__file__).parent
SDK = HERE.parents[2] / "web" / "node_modules" / "centrifuge"
LIMIT = 1 << 24


class Driver:
    """The process, and who waits for its answers."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.peers: dict[str, JsPeer] = {}

    async def order(self, **order: Any) -> Any:
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"order": number, **order}).encode() + b"\n")
        async with asyncio.timeout(15):
            return await answer

    async def read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if "event" in said:
                self.peers[said["client"]].note(said)
                continue
            answer = self._waiting.pop(said["order"])
            if answer.done():
                continue  # nobody waits any more
            if "error" in said:
                answer.set_exception(PeerError(said["error"]["code"], said["error"]["message"]))
            else:
                answer.set_result(said["result"])


@asynccontextmanager
async def driving() -> AsyncIterator[Driver]:
    process = await create_subprocess_exec(
        find_node(),
        "--no-warnings",
        "--experimental-websocket",  # before Node.js 22
        HERE / "js" / "driver.mjs",
        SDK,
        stdin=PIPE,
        stdout=PIPE,
        limit=LIMIT,
    )
    driver = Driver(process)
    reading = asyncio.create_task(driver.read())
    try:
        yield driver
    finally:
        assert process.stdin is not None
        process.stdin.close()  # which ends it
        await process.wait()
        await reading


class JsPeer(Peer):
    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver
        self._name = str(len(driver.peers))
        driver.peers[self._name] = self

    def note(self, said: dict[str, Any]) -> None:
        self.events.append(Event(said["event"], said["channel"], said["server"], _snake(said["told"])))

    async def order(self, do: str, **order: Any) -> Any:
        """See `js/driver.mjs`."""
        return await self._driver.order(do=do, client=self._name, **order)

    async def open(self, **options: Any) -> None:
        await self.order("open", **options)

    async def connect(self) -> None:
        await self.order("connect")

    async def disconnect(self) -> None:
        await self.order("disconnect")

    async def subscribe(
        self,
        channel: str,
        *,
        join_leave: bool = False,
        since: tuple[int, str] | None = None,
        states: Sequence[tuple[int, str]] | None = None,
    ) -> None:
        options: dict[str, Any] = {"joinLeave": join_leave}
        if since is not None:
            options["since"] = _position(since)
        loading = {} if states is None else {"states": [_position(state) for state in states]}
        await self.order("subscribe", channel=channel, options=options, **loading)

    async def subscribe_again(self, channel: str) -> None:
        await self.order("again", channel=channel)

    async def unsubscribe(self, channel: str) -> None:
        await self.order("unsubscribe", channel=channel)

    async def rpc(self, method: str, data: Any = None, **members: Any) -> Any:
        return await self.order("rpc", method=method, data=members if data is None else data)

    async def presence(self, channel: str) -> dict[str, Any]:
        found: dict[str, Any] = _snake((await self.order("presence", channel=channel))["clients"])
        return found

    async def presence_stats(self, channel: str) -> tuple[int, int]:
        found = await self.order("presence_stats", channel=channel)
        return found["numClients"], found["numUsers"]

    async def history(
        self, channel: str, *, limit: int, reverse: bool = False, since: tuple[int, str] | None = None
    ) -> list[int]:
        options: dict[str, Any] = {"limit": limit, "reverse": reverse}
        if since is not None:
            options["since"] = _position(since)
        found = await self.order("history", channel=channel, options=options)
        return [publication["offset"] for publication in found["publications"]]


def _position(position: tuple[int, str]) -> dict[str, Any]:
    return {"offset": position[0], "epoch": position[1]}


def _snake(value: Any) -> Any:
    """The SDK's own names in our spelling; payloads are in it already."""
    if isinstance(value, dict):
        return {
            re.sub(r"(?<=[a-z])[A-Z]", lambda c: "_" + c[0].lower(), key): _snake(item) for key, item in value.items()
        }
    return [_snake(item) for item in value] if isinstance(value, list) else value
