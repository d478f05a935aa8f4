"""What we rely on of uvicorn. A version that breaks one of these must not be taken without a look at
`server/http_protocol.py`."""

from __future__ import annotations

import asyncio
import gc
import inspect
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.http_protocol import HttpProtocol, http_protocol
from server.realtime.direct import TAKE_OVER, SocketProtocol
from tests.ground.eventually import eventually
from tests.wire.peer import Peer, client_frame, close, text


class Echo:
    """Sends back what comes, straight through the connection."""

    def __init__(self, connection: SocketProtocol) -> None:
        self.connection = connection
        self.gone = False

    def receive(self, data: bytes) -> None:
        self.connection.write(b"\x81" + bytes((len(data),)) + data)

    def closed(self) -> None:
        self.gone = True


class App:
    """An ASGI application with one WebSocket."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.echoes: list[Echo] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "websocket":
            self.scopes.append(scope)
            assert (await receive())["type"] == "websocket.connect"
            if scope["path"] == "/refused":
                await send({"type": "websocket.http.response.start", "status": 418, "headers": [(b"x-tea", b"1")]})
                await send({"type": "websocket.http.response.body", "body": b"tea", "more_body": True})
                await send({"type": "websocket.http.response.body", "body": b"pot"})
            elif scope["path"] == "/asgi":
                await send({"type": "websocket.accept"})
            elif scope["path"] != "/silent":
                connection, compressed = scope["extensions"][TAKE_OVER]("tea")
                assert not compressed
                self.echoes.append(Echo(connection))
                connection.attach(self.echoes[-1])
        else:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(app: Any, **http: Any) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    config = uvicorn.Config(app, port=0, http=http_protocol(**http), ws="websockets-sansio", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    await eventually(lambda: server.started, what="it serves")
    try:
        yield server.servers[0].sockets[0].getsockname()[1], server
    finally:
        server.should_exit = True
        await running


async def dial(port: int) -> Peer:
    return await asyncio.to_thread(Peer, port)


def test_the_protocol_class_that_we_extend() -> None:
    assert list(inspect.signature(HttpToolsProtocol).parameters) == ["config", "server_state", "app_state", "_loop"]
    for method in ("connection_made", "connection_lost", "data_received", "on_headers_complete"):
        assert callable(getattr(HttpToolsProtocol, method))
    assert "self.handle_websocket_upgrade()" in inspect.getsource(HttpToolsProtocol.data_received)
    assert HttpProtocol.handle_websocket_upgrade is not HttpToolsProtocol.handle_websocket_upgrade


async def test_an_upgrade_reaches_the_application_once_and_leaves_nothing_of_it_behind() -> None:
    app = App()
    async with serving(app) as (port, server):
        before = len(asyncio.all_tasks())
        one = await dial(port)
        head = await asyncio.to_thread(one.open, "/a%20b?c=d", X_Seen="yes", Sec_WebSocket_Protocol="tea, milk")
        assert "sec-websocket-protocol: tea" in head
        scope = app.scopes[0]
        assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a b", b"/a%20b", b"c=d")
        assert (scope["scheme"], scope["subprotocols"], scope["http_version"]) == ("ws", ["tea", "milk"], "1.1")
        assert (b"x-seen", b"yes") in scope["headers"]
        assert scope["client"][0] == "127.0.0.1"
        assert len(asyncio.all_tasks()) == before, "nothing waits for the connection"
        assert server.server_state.connections == {app.echoes[0].connection}
        assert not server.server_state.tasks
        one.send(text("hello"))
        assert (await asyncio.to_thread(one.frame)).payload == b"hello"
        one.send(close(1000))
        assert await asyncio.to_thread(one.ends)
        assert app.echoes[0].gone
        await eventually(lambda: not server.server_state.connections, what="forgotten")


@pytest.mark.parametrize("asked", [b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", b""])
async def test_a_server_that_stops_answers_the_request_that_is_on_its_way(asked: bytes) -> None:
    """And waits no longer for one that is not."""
    async with serving(App()) as (port, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await eventually(lambda: server.server_state.connections, what="accepted")
        for connection in list(server.server_state.connections):
            connection.shutdown()
        writer.write(asked)
        answer = await reader.read()  # until the server closes
        writer.close()
    assert (answer.startswith(b"HTTP/1.1 200") and b"connection: close" in answer.lower()) if asked else answer == b""


async def test_the_http_side_of_a_connection_is_freed_at_once() -> None:
    made: list[weakref.ref[HttpProtocol]] = []

    class Remembered(HttpProtocol):
        def handle_websocket_upgrade(self) -> None:
            made.append(weakref.ref(self))
            super().handle_websocket_upgrade()

    app = App()
    async with serving(app) as (port, server):
        shared = server.config.http_protocol_class.args  # type: ignore[attr-defined] # reason: a partial
        server.config.http_protocol_class = lambda **named: Remembered(*shared, **named)  # type: ignore[assignment, misc]
        gc.collect()
        gc.disable()
        try:
            one = await dial(port)
            await asyncio.to_thread(one.open, "/")
            app.scopes.clear()
            await eventually(lambda: made[0]() is None, what="without the garbage collector")
        finally:
            gc.enable()
        one.socket.close()


async def test_refusals_travel_as_the_application_says() -> None:
    async with serving(App()) as (port, _):
        one = await dial(port)
        head = await asyncio.to_thread(one.open, "/refused")
        assert head.startswith("HTTP/1.1 418 ")
        assert "x-tea: 1" in head
        assert "content-length: 6" in head
        assert one._take(6) == b"teapot"
        assert await asyncio.to_thread(one.ends)


async def test_an_application_that_does_not_take_over_is_an_error() -> None:
    async with serving(App()) as (port, _):
        for path in ("/asgi", "/silent"):
            one = await dial(port)
            assert (await asyncio.to_thread(one.open, path)).startswith("HTTP/1.1 500 ")
            assert await asyncio.to_thread(one.ends)


async def test_stopping_says_goodbye_to_what_is_open_and_does_not_wait() -> None:
    app = App()
    async with serving(app) as (port, server):
        one = await dial(port)
        await asyncio.to_thread(one.open, "/")
        server.should_exit = True
        assert (await asyncio.to_thread(one.frame)).code == 3001
        assert await asyncio.to_thread(one.ends)
    assert app.echoes[0].gone


async def test_silent_connections_and_heads_that_never_end_are_cut_off() -> None:
    async with serving(App(), head_deadline=0.2) as (port, server):
        silent, partial, second = [await dial(port) for _ in range(3)]
        partial.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n")
        second.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await asyncio.to_thread(second.head)).startswith("HTTP/1.1 200 ")
        second.send(b"GET / HT")
        for one in (silent, partial, second):
            assert await asyncio.to_thread(one.ends)
        await eventually(lambda: not server.server_state.connections, what="all are gone")


async def test_a_connection_between_two_requests_may_be_idle() -> None:
    async with serving(App(), head_deadline=0.1) as (port, _):
        idle, socket = await dial(port), await dial(port)
        await asyncio.to_thread(socket.open, "/")
        for _ in range(2):
            idle.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await asyncio.to_thread(idle.head)).startswith("HTTP/1.1 200 ")
            assert idle._take(2) == b"ok"
            silent = await dial(port)
            assert await asyncio.to_thread(silent.ends)  # which takes longer than a head may
        socket.send(client_frame(9, b"still here"))
        assert (await asyncio.to_thread(socket.frame)).payload == b"still here"
        idle.socket.close()
        socket.socket.close()
