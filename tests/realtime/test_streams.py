"""HTTP streaming, SSE, emulation and the one-way dialect as any HTTP client sees them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
import websockets

from channels.agent import Role
from channels.command import AddComment
from channels.names import ChannelName
from channels.ports import StreamPage
from persistence.agents import Agents
from persistence.database import Database, DatabaseOptions
from server.auth.tokens import Tokens
from server.realtime import codes
from server.realtime.codecs import schema
from server.realtime.codecs.wire_format import varint
from server.realtime.limits import SUBSCRIPTIONS
from server.realtime.session import State
from tests.ground.eventually import eventually
from tests.ground.server import SECRET_KEY, Servers
from tests.ground.services import TestServices
from tests.realtime.conftest import Node, running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")
on_its_own = pytest.mark.asyncio(loop_scope="function")
"""For what brings services of its own, in the loop of the test."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(services: TestServices) -> AsyncIterator[Node]:
    """One for all tests here."""
    with services.database() as database_url:
        async with running_node(database_url, services.redis()) as node:
            yield node


@pytest_asyncio.fixture(loop_scope="module")
async def http(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(node.url) as client:
        yield client


def client_of(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=15)


def command(number: int, kind: str, **params: Any) -> str:
    return json.dumps({"id": number, kind: params})


def beside(node: Node, **settings: Any) -> AbstractAsyncContextManager[Node]:
    """Another node with the same services."""
    known = node.services.settings
    return running_node(str(known.database_url), str(known.redis_url), **settings)


class Stream:
    """A stream of JSON, message by message; pings are passed over."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, Any]:
        while (text := await self.line()) == "{}":
            pass
        message: dict[str, Any] = json.loads(text)
        return message

    async def line(self) -> str:
        """The next one, pings included."""
        async for line in self._lines:
            if text := line.removeprefix("data: "):
                return text
        raise EOFError


@asynccontextmanager
async def stream(http: httpx.AsyncClient, path: str, body: str | bytes, **headers: str) -> AsyncIterator[Stream]:
    headers.setdefault("Content-Type", "application/json")
    async with http.stream("POST", path, content=body, headers=headers) as response:
        yield Stream(response)


async def emulate(http: httpx.AsyncClient, connected: dict[str, Any], *commands: str) -> int:
    body = {"session": connected["session"], "node": connected["node"], "data": "\n".join(commands)}
    return (await http.post("/emulation", json=body)).status_code


# Two ways


@pytest.mark.parametrize("path", ["/connection/http_stream", "/connection/sse"])
async def test_a_stream_is_answered_at_once_and_ends_with_its_reader(
    node: Node, http: httpx.AsyncClient, path: str
) -> None:
    customer = await node.customer()
    async with stream(http, path, command(1, "connect", token=await node.token("dana"))) as dana:
        headers = dana.response.headers
        assert dana.response.status_code == 200
        assert headers["x-accel-buffering"] == "no"
        assert headers["cache-control"] == "private, no-cache, no-store, must-revalidate, max-age=0"
        assert "content-length" not in headers
        connected = (await dana.next())["connect"]
        subscribe = command(2, "subscribe", channel=f"customer:{customer.id}", flag=1)
        history = command(3, "history", channel=f"customer:{customer.id}", limit=1)
        assert await emulate(http, connected, subscribe, history) == 204
        assert (await dana.next())["subscribe"]["offset"] == 1
        assert (await dana.next())["history"]["offset"] == 1
        await node.write("lee", AddComment(customer.id, "hello"))
        assert (await dana.next())["push"]["pub"]["offset"] == 2
        await eventually(lambda: len(node.services.sessions) == 1, what="those of other tests have gone")
    await eventually(lambda: len(node.services.sessions) == 0, within=10, what="the session went with its reader")
    assert node.services.hub.channels == 0
    assert await emulate(http, connected, "{}") == 204, "the process is alive, its session has ended"


async def test_the_end_is_told_before_the_stream_ends(node: Node, http: httpx.AsyncClient) -> None:
    for body, code, reason in (
        (command(1, "connect", token="forged"), 3500, "invalid token"),
        (command(1, "connect"), 3500, "invalid token"),
        (command(1, "subscribe", channel="customer:1"), 3501, "bad request"),
        ("", 3501, "bad request"),
        ("[]", 3501, "bad request"),
    ):
        async with stream(http, "/connection/http_stream", body) as strange:
            assert await strange.next() == {"push": {"disconnect": {"code": code, "reason": reason}}}
            with pytest.raises(EOFError):
                await strange.next()


async def test_after_a_refused_connect_nothing_of_the_same_body_is_done(node: Node, http: httpx.AsyncClient) -> None:
    customer = await node.customer()
    token = node.services.tokens.issue((await node.agent("dana")).id, ttl=timedelta(seconds=-5))
    write = command(2, "rpc", method="comment.add", data={"customer_id": customer.id, "body": "too early"})
    async with stream(http, "/connection/http_stream", command(1, "connect", token=token) + "\n" + write) as dana:
        assert (await dana.next())["error"]["code"] == 109
    snapshot = await node.services.customers.snapshot(customer.id)
    assert snapshot is not None
    assert snapshot.offset == 1


async def test_protobuf_streams_carry_messages_with_their_length(node: Node, http: httpx.AsyncClient) -> None:
    connect = schema.COMMAND.encode({"id": 1, "connect": {"token": await node.token("dana")}})
    body = varint(len(connect)) + connect
    binary = {"Content-Type": "application/octet-stream"}
    async with http.stream("POST", "/connection/http_stream", content=body, headers=binary) as response:
        assert response.headers["content-type"] == "application/octet-stream"
        pieces = response.aiter_bytes()
        first = await anext(pieces)
        found = schema.REPLY.decode(first[len(varint(len(first) - 2)) :])["connect"]
        history = schema.COMMAND.encode({"id": 2, "history": {"channel": "agent:999"}})
        request = schema.EMULATION_REQUEST.encode(
            {"node": found["node"], "session": found["session"], "data": varint(len(history)) + history}
        )
        assert (await http.post("/emulation", content=request, headers=binary)).status_code == 204
        second = await anext(pieces)
        assert schema.REPLY.decode(second[1:]) == {"id": 2, "error": {"code": 103, "message": "permission denied"}}


async def test_no_more_than_a_connection_may_have_is_subscribed(node: Node, http: httpx.AsyncClient) -> None:
    customers = await asyncio.gather(*(node.customer() for _ in range(SUBSCRIPTIONS + 1)))
    async with stream(http, "/connection/http_stream", command(1, "connect", token=await node.token("dana"))) as dana:
        connected = (await dana.next())["connect"]
        wanted = [command(n, "subscribe", channel=f"customer:{c.id}") for n, c in enumerate(customers, start=2)]
        assert await emulate(http, connected, *wanted) == 204
        answers = [await dana.next() for _ in wanted]
        assert ["subscribe" in answer for answer in answers] == [True] * SUBSCRIPTIONS + [False]
        assert answers[-1]["error"] == {"code": 106, "message": "limit exceeded"}
        again = command(500, "subscribe", channel=f"customer:{customers[0].id}")
        refresh = command(501, "sub_refresh", channel=f"customer:{customers[0].id}")
        other = command(502, "sub_refresh", channel=f"customer:{customers[-1].id}")
        assert await emulate(http, connected, again, refresh, other) == 204
        assert [(await dana.next())["error"]["code"] for _ in range(3)] == [105, 108, 103]


async def test_what_is_not_understood_is_answered_by_its_status(node: Node, http: httpx.AsyncClient) -> None:
    alive = node.services.emulation.node
    good = {"session": "s" * 43, "node": alive, "data": "{}"}
    assert (await http.post("/emulation", json=good)).status_code == 204
    assert (await http.post("/emulation", json={**good, "node": "f" * 16})).status_code == 404
    assert (await http.post("/emulation", json={**good, "node": "*"})).status_code == 404
    for bad in ({}, [], {**good, "data": {}}, {**good, "node": 1}, {**good, "session": None}):
        assert (await http.post("/emulation", json=bad)).status_code == 400, bad
    binary = {"Content-Type": "application/octet-stream"}
    for body in (b"", b"\xff", b"\x08\x01"):
        assert (await http.post("/emulation", content=body, headers=binary)).status_code == 400, body
    assert (await http.post("/emulation", json={**good, "data": "x" * 70_000})).status_code == 413
    assert (await http.post("/connection/http_stream", content="x" * 70_000)).status_code == 413
    assert (await http.get("/connection/sse")).status_code == 400
    for path in ("/connection/http_stream", "/connection/sse", "/emulation"):
        assert (await http.options(path)).status_code == 204, path
        assert (await http.delete(path)).status_code == 405, path
    assert (await http.get("/connection/http_stream")).status_code == 405


async def test_who_asks_slowly_or_for_nothing_is_not_waited_for(
    node: Node, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.realtime.session.CONNECT_DEADLINE", 0.2)
    async with stream(http, "/connection/http_stream", "{}") as silent:
        assert await silent.next() == {"push": {"disconnect": {"code": 3502, "reason": "stale"}}}
    monkeypatch.setattr("server.realtime.arrivals.PATIENCE", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(b"POST /connection/http_stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert b" 400 " in await reader.readline()
    writer.close()


async def test_pages_of_strangers_are_refused_and_those_of_friends_are_let_in(node: Node) -> None:
    friend, stranger = "https://friend.example", "https://stranger.example"
    async with (
        beside(node, allowed_origins=friend) as open_node,
        client_of(open_node.url) as http,
    ):
        body = command(1, "connect", token=await node.token("dana"))
        asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        for path in ("/connection/http_stream", "/emulation"):
            preflight = await http.options(path, headers={"Origin": friend, **asking})
            assert preflight.is_success
            assert preflight.headers["access-control-allow-origin"] == friend
            assert preflight.headers["access-control-allow-credentials"] == "true"
            assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
        async with stream(http, "/connection/http_stream", body, Origin=friend) as dana:
            assert dana.response.headers["access-control-allow-origin"] == friend
            connected = (await dana.next())["connect"]
            good = {"session": connected["session"], "node": connected["node"], "data": "{}"}
            assert (await http.post("/emulation", json=good, headers={"Origin": stranger})).status_code == 403
        for path in ("/connection/http_stream", "/connection/sse", "/connection/uni_sse"):
            async with stream(http, path, body, Origin=stranger) as nobody:
                assert nobody.response.status_code == 403


async def test_commands_find_their_stream_through_another_node(node: Node, http: httpx.AsyncClient) -> None:
    async with (
        beside(node) as second,
        client_of(second.url) as elsewhere,
        stream(http, "/connection/http_stream", command(1, "connect", token=await node.token("dana"))) as dana,
    ):
        connected = (await dana.next())["connect"]
        history = command(2, "history", channel=next(iter(connected["subs"])), limit=1)
        assert await emulate(elsewhere, connected, history) == 204
        assert (await dana.next())["id"] == 2


async def test_a_process_that_is_gone_is_known_as_gone(node: Node, http: httpx.AsyncClient) -> None:
    lost = {"session": "s" * 43, "node": "00000000deadbeef"}

    async def answer(status: int) -> bool:
        return await emulate(http, lost, "{}") == status

    async with beside(node) as second:
        second.services.emulation.roster.put(lost["node"], "alive", {}, until=time.time() + 1)
        await eventually(lambda: answer(204), what="it is taken for alive")
        await eventually(lambda: answer(404), what="and then for dead")


@on_its_own
async def test_without_redis_a_client_is_told_to_come_back(database_url: str, private_redis: tuple[str, int]) -> None:
    redis_url, pid = private_redis
    async with running_node(database_url, redis_url) as node, client_of(node.url) as http:
        os.kill(pid, signal.SIGSTOP)
        try:
            assert await emulate(http, {"session": "s" * 43, "node": "f" * 16}, "{}") == 503
            own = {"session": "s" * 43, "node": node.services.emulation.node}
            assert await emulate(http, own, "{}") == 204, "its own process needs no Redis"
        finally:
            os.kill(pid, signal.SIGCONT)


@on_its_own
async def test_workers_of_one_address_hand_commands_to_each_other(servers: Servers, database_url: str) -> None:
    async with Database.connect(DatabaseOptions(url=database_url)) as database:
        agent = await Agents(database).create("dana", "Dana", Role.AGENT, None)
    server = await servers.start(CASEWIRE_WORKERS="2")
    token = Tokens(SECRET_KEY).issue(agent.id)
    async with client_of(server.url) as http, AsyncExitStack() as streams:
        opened = await streams_of_both(streams, http, command(1, "connect", token=token))
        for dana, connected in opened:
            for number in range(2, 8):  # each by a connection of its own, which either worker may take
                async with client_of(server.url) as another:
                    history = command(number, "history", channel=f"agent:{agent.id}", limit=1)
                    assert await emulate(another, connected, history) == 204
            assert sorted([(await dana.next())["id"] for _ in range(6)]) == list(range(2, 8))


async def streams_of_both(
    streams: AsyncExitStack, http: httpx.AsyncClient, body: str
) -> list[tuple[Stream, dict[str, Any]]]:
    """A stream in each of two workers; which one takes a connection is for the system to say."""

    async def opened() -> tuple[Stream, dict[str, Any]]:
        dana = await streams.enter_async_context(stream(http, "/connection/http_stream", body))
        return dana, (await dana.next())["connect"]

    found: dict[str, tuple[Stream, dict[str, Any]]] = {}
    while len(found) < 2:
        for dana, connected in await asyncio.gather(*(opened() for _ in range(8))):
            found[connected["node"]] = (dana, connected)
    return list(found.values())


# Backpressure


@contextmanager
def stopped_reader(node: Node, body: str) -> Iterator[None]:
    """Asks for a stream, and reads nothing of it."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", node.port))
        head = f"POST /connection/uni_http_stream HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        reader.sendall((head + body).encode())
        yield


async def test_a_reader_that_stops_is_cut_off_and_holds_up_nobody(node: Node, http: httpx.AsyncClient) -> None:
    customer = await node.customer()
    subs = {f"customer:{customer.id}": {}}
    with stopped_reader(node, await connect_request(node, subs=subs)):
        await eventually(lambda: len(node.services.sessions) == 1, what="it is connected")
        lee = await connect_request(node, "lee", subs=subs)
        async with stream(http, "/connection/uni_http_stream", lee) as other:
            assert "connect" in await other.next()
            for number in range(200):
                await node.write("lee", AddComment(customer.id, "x" * 10_000))
                assert (await other.next())["pub"]["offset"] == number + 2
            assert len(node.services.sessions) == 1, "2 MB are more than may wait"


async def test_who_does_not_take_its_goodbye_is_dropped(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.realtime.streams.GOODBYE", 0.2)
    customer = await node.customer()
    connections = node.server.server_state.connections
    with stopped_reader(node, await connect_request(node, subs={f"customer:{customer.id}": {}})):
        await eventually(lambda: len(node.services.sessions) == 1, what="it is connected")
        [session] = node.services.sessions.all()
        await eventually(lambda: session.state is State.READY, what="it is greeted")
        sink = session.door.sink
        while sink.pending < 100_000:
            await node.write("lee", AddComment(customer.id, "x" * 10_000))
        [connection] = [c for c in connections if getattr(c, "transport", None) is sink._transport]
        session.end(codes.SHUTDOWN)
        await eventually(lambda: connection not in connections, within=5, what="the connection is gone")


# One way


async def connect_request(node: Node, username: str = "dana", **members: Any) -> str:
    return json.dumps({"token": await node.token(username), **members})


async def test_a_listener_is_greeted_and_hears_what_it_asked_for(node: Node, http: httpx.AsyncClient) -> None:
    customer, other = await node.customer(), await node.customer()
    await node.write("lee", AddComment(customer.id, "missed"))
    dana = await node.agent("dana")
    subs = {
        f"customer:{customer.id}": {"recover": True, "offset": 1, "epoch": node.services.hub.epoch},
        f"customer:{other.id}": {"recover": True, "offset": 9},
        f"work:{dana.id}": {},
        "customer:999999": {},
        "agent:999": {},
        "nosuch:1": {},
        "customer:1x": None,
    }
    url = f"/connection/uni_sse?cf_connect={quote(await connect_request(node, subs=subs))}"
    async with http.stream("GET", url) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        listener = Stream(response)
        greeting = (await listener.next())["connect"]
        assert greeting["client"]
        assert greeting["ping"] == 25
        assert "pong" not in greeting or greeting["pong"] is False
        assert set(greeting["subs"]) == {f"agent:{dana.id}", *list(subs)[:3]}
        recovered = greeting["subs"][f"customer:{customer.id}"]
        assert (recovered["recovered"], recovered["offset"]) == (True, 1)
        assert [publication["offset"] for publication in recovered["publications"]] == [2]
        lost = greeting["subs"][f"customer:{other.id}"]
        assert (lost["recovered"], lost["offset"]) == (False, 1)
        await node.write("lee", AddComment(customer.id, "live"))
        push = await listener.next()
        assert (push["channel"], push["pub"]["offset"]) == (f"customer:{customer.id}", 3)
        for session in node.services.sessions.all():
            session.end(codes.SHUTDOWN)
        assert await listener.next() == {"disconnect": {"code": 3001, "reason": "shutdown"}}


async def test_a_long_recovery_follows_the_greeting_in_order(node: Node, http: httpx.AsyncClient) -> None:
    customer = await node.customer()
    await asyncio.gather(*(node.write("dana", AddComment(customer.id, str(number))) for number in range(1200)))
    channel = f"customer:{customer.id}"
    body = await connect_request(node, subs={channel: {"recover": True}})
    async with stream(http, "/connection/uni_http_stream", body) as listener:
        greeted = (await listener.next())["connect"]["subs"][channel]
        offsets = [publication["offset"] for publication in greeted["publications"]]
        while offsets[-1] < 1201:
            offsets.append((await listener.next())["pub"]["offset"])
        assert offsets == list(range(1, 1202))


async def test_nothing_comes_before_the_greeting(
    node: Node, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two channels is live already, while the other one is still being read."""
    first, second = f"customer:{(await node.customer()).id}", f"customer:{(await node.customer()).id}"
    read, gate = node.services.stream.read, asyncio.Event()

    async def slow(name: ChannelName, *given: Any) -> StreamPage:
        if str(name) == second:
            await gate.wait()
        return await read(name, *given)

    monkeypatch.setattr(node.services.stream, "read", slow)
    body = await connect_request(node, subs={first: {}, second: {}})
    async with stream(http, "/connection/uni_http_stream", body) as listener:
        await eventually(
            lambda: any(first in s.subscriptions for s in node.services.sessions.all()), what="one is live"
        )
        await node.write("lee", AddComment(int(first.partition(":")[2]), "too early"))
        gate.set()
        assert set((await listener.next())["connect"]["subs"]) >= {first, second}
        assert (await listener.next())["pub"]["offset"] == 2


async def test_a_listener_sees_who_comes_if_it_asked_and_is_seen_itself(node: Node, http: httpx.AsyncClient) -> None:
    channel = f"customer:{(await node.customer()).id}"
    body = await connect_request(node, subs={channel: {"join_leave": True}})
    async with stream(http, "/connection/uni_http_stream", body) as dana:
        client = (await dana.next())["connect"]["client"]
        assert (await dana.next())["join"]["info"]["client"] == client
        async with stream(http, "/connection/uni_http_stream", await connect_request(node, "lee", subs={channel: {}})):
            assert (await dana.next())["join"]["info"]["conn_info"] == {"name": "Lee"}
            assert len(await node.services.presence.clients(channel)) == 2
        assert (await dana.next())["leave"]["info"]["conn_info"] == {"name": "Lee"}


async def test_a_listener_is_told_why_it_is_not_let_in(node: Node, http: httpx.AsyncClient) -> None:
    expired = node.services.tokens.issue((await node.agent("dana")).id, ttl=timedelta(seconds=-5))
    inbox = f"agent:{(await node.agent('dana')).id}"
    for body, code in (
        (json.dumps({"token": expired}), 3005),
        (json.dumps({"token": "forged"}), 3500),
        ("{}", 3500),
        ("", 3501),
        ("[]", 3501),
        (await connect_request(node, subs={inbox: {"recover": True, "offset": -1}}), 3004),
    ):
        async with stream(http, "/connection/uni_http_stream", body) as listener:
            assert (await listener.next())["disconnect"]["code"] == code, body
            with pytest.raises(EOFError):
                await listener.next()


async def test_a_listener_may_use_a_websocket(node: Node) -> None:
    customer = await node.customer()
    channel = f"customer:{customer.id}"
    url = node.socket_url.replace("/websocket", "/uni_websocket")
    async with websockets.connect(url, proxy=None) as socket_:
        await socket_.send(await connect_request(node, subs={channel: {}}))
        assert channel in json.loads(await socket_.recv())["connect"]["subs"]
        await socket_.send("what it says now does not matter")
        await node.write("lee", AddComment(customer.id, "hello"))
        assert json.loads(await socket_.recv())["pub"]["offset"] == 2
        for session in node.services.sessions.all():
            session.end(codes.FORCED)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket_.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (3503, "force disconnect")


async def test_only_listeners_need_not_answer_pings(node: Node) -> None:
    connect = command(1, "connect", token=await node.token("dana"))
    async with (
        beside(node, ping_interval=1, pong_timeout=0.2) as impatient,
        client_of(impatient.url) as http,
        stream(http, "/connection/uni_http_stream", await connect_request(node)) as listener,
        stream(http, "/connection/http_stream", connect) as dana,
    ):
        assert "connect" in await listener.next()
        assert "connect" in await dana.next()
        assert await dana.next() == {"push": {"disconnect": {"code": 3012, "reason": "no pong"}}}
        assert [await listener.line() for _ in range(2)] == ["{}", "{}"]
