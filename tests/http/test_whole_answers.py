"""Answers that are written at once are, to the byte, those that are sent as messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.edge.headers import ALWAYS, DEFAULTS, NOTHING, lines, secured_lines, with_security
from server.http_protocol import http_protocol
from tests.ground.eventually import eventually
from tests.http.desk import Desk

NAMES = ("content-type", "etag", "cache-control", "content-security-policy", "cross-origin-resource-policy", "location")
VALUES = st.binary(max_size=20).filter(lambda value: not set(value) & {*range(9), *range(10, 32), 127})


class Sent:
    """Counts the messages by which uvicorn is told of answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages = 0
        self._send = RequestResponseCycle.send
        monkeypatch.setattr(RequestResponseCycle, "send", self._counted())

    def _counted(self) -> Any:
        async def send(cycle: RequestResponseCycle, message: Any) -> None:
            self.messages += 1
            await self._send(cycle, message)

        return send


@pytest.fixture
async def port(desk: Desk) -> AsyncIterator[int]:
    """The desk's application behind uvicorn."""
    config = uvicorn.Config(
        desk.app, port=0, http=http_protocol(), lifespan="off", server_header=False, log_config=None
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    await eventually(lambda: server.started, what="it serves")
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


def shown(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    own = ("date", "x-request-id")
    return answer.status_code, [(n, v) for n, v in answer.headers.items() if n not in own], answer.content


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/customers?limit=1", {}, 200),
        ("GET", "/api/customers/{id}/actions", {}, 200),
        ("GET", "/api/customers/{id}", {}, 200),
        ("GET", "/api/customers/{id}", {"If-None-Match": '"1"'}, 304),
        ("POST", "/api/customers/{id}/read", {}, 204),
        ("GET", "/api/customers/9999", {}, 404),
        ("GET", "/api/customers/9999", {"Authorization": "Bearer no"}, 401),
        ("GET", "/api/customers?limit=x", {}, 400),
    ],
)
async def test_an_answer_that_is_written_at_once_is_the_one_that_would_be_sent(
    desk: Desk,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    *,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    customer = await desk.customer()
    inside = desk.of("dana")
    path = path.format(id=customer["id"])
    body = {"offset": 1} if method == "POST" else None
    sent = await inside.request(method, path, headers=headers, json=body)
    counted = Sent(monkeypatch)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=inside.headers) as outside:
        written = await outside.request(method, path, headers=headers, json=body)
        again = await outside.request(method, path, headers=headers, json=body)
    assert sent.status_code == status
    assert shown(written) == shown(again) == shown(sent)
    assert written.headers["date"]
    assert written.headers["x-request-id"] != again.headers["x-request-id"]
    assert counted.messages == 0


async def test_what_cannot_be_written_at_once_is_sent(desk: Desk, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Sent(monkeypatch)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=desk.of("dana").headers) as client:
        assert (await client.head("/livez")).content == b""
        assert counted.messages > 0, "an answer without its body"
        counted.messages = 0
        last = await client.get("/api/me", headers={"Connection": "close"})
        assert last.json()["username"] == "dana"
        assert last.headers["connection"] == "close"
        assert counted.messages > 0, "the last answer of a connection"


async def test_requests_that_came_together_are_answered_in_order(desk: Desk, port: int) -> None:
    token = desk.of("dana").headers["authorization"]
    one = "GET {} HTTP/1.1\r\nHost: here\r\nAuthorization: " + token + "\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write((one.format("/api/me") + one.format("/api/customers/77") + one.format("/api/agents")).encode())
    statuses = []
    for _ in range(3):
        head = await reader.readuntil(b"\r\n\r\n")
        statuses.append(head.split()[1])
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
    writer.close()
    assert statuses == [b"200", b"404", b"200"]


@given(st.lists(st.tuples(st.sampled_from(NAMES).map(str.encode), VALUES), max_size=4), st.booleans())
def test_the_lines_are_those_of_the_headers(headers: list[tuple[bytes, bytes]], https: bool) -> None:
    assert secured_lines(headers, https=https) == lines(with_security(headers, https=https))


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\0", b"\x7f"])
def test_a_header_that_would_end_early_is_not_written(value: bytes) -> None:
    assert secured_lines([(b"location", value)], https=False) is None


def test_what_is_always_said_is_clean() -> None:
    assert lines([(b"a", b"b"), (b"c", b"d")]) == b"a: b\r\nc: d\r\n"
    assert NOTHING in lines(DEFAULTS)
    assert lines((*ALWAYS, *DEFAULTS)).count(b"\r\n") == len(ALWAYS) + len(DEFAULTS)
