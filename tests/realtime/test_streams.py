"""HTTP streaming, SSE, emulation and the one-way dialect as any HTTP client sees them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from channels.command import AddComment
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node


@pytest.fixture
async def http(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=node.url, timeout=15) as client:
        yield client


def command(number: int, method: str, **params: Any) -> str:
    return json.dumps({"id": number, method: params})


class Stream:
    """A stream of JSON, message by message; pings are passed over."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, Any]:
        async for line in self._lines:
            text = line.removeprefix("data: ")
            if text not in ("", "{}"):
                message: dict[str, Any] = json.loads(text)
                return message
        raise EOFError


@asynccontextmanager
async def stream(http: httpx.AsyncClient, path: str, body: str) -> AsyncIterator[Stream]:
    async with http.stream("POST", path, content=body, headers={"Content-Type": "application/json"}) as response:
        yield Stream(response)


async def emulate(http: httpx.AsyncClient, connected: dict[str, Any], *commands: str) -> int:
    body = {"session": connected["session"], "node": connected["node"], "data": "\n".join(commands)}
    return (await http.post("/emulation", json=body)).status_code


async def test_a_stream_is_answered_at_once_and_ends_with_its_reader(node: Node, http: httpx.AsyncClient) -> None:
    customer = await node.customer()
    async with stream(http, "/connection/http_stream", command(1, "connect", token=await node.token("dana"))) as dana:
        assert dana.response.status_code == 200
        assert dana.response.headers["x-accel-buffering"] == "no"
        assert "no-store" in dana.response.headers["cache-control"]
        assert "content-length" not in dana.response.headers
        connected = (await dana.next())["connect"]
        subscribe = command(2, "subscribe", channel=f"customer:{customer.id}", flag=1)
        assert await emulate(http, connected, subscribe) == 204
        assert (await dana.next())["subscribe"]["offset"] == 1
        await node.write("lee", AddComment(customer.id, "hello"))
        assert (await dana.next())["push"]["pub"]["offset"] == 2
        assert len(node.services.sessions) == 1
    await eventually(lambda: len(node.services.sessions) == 0, what="the session went with its reader")
    assert await emulate(http, connected, "{}") == 204, "the process is alive, its session has ended"
