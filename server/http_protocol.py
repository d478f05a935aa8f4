"""uvicorn's HTTP protocol with what it leaves open: a deadline for request heads, and our own WebSockets.

What is relied on of uvicorn is written down as a test: `tests/wire/test_uvicorn.py`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import unquote
from weakref import ref

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import is_ssl
from uvicorn.server import ServerState

from server.realtime.direct import SEND_BUFFER, App, SocketProtocol
from server.realtime.limits import OPENED_PER_TURN
from server.realtime.turnstile import Turnstile

HEAD_DEADLINE = 10.0
"""Seconds from connecting, or from the first byte of a later request, to the end of its head."""

FIRST_WORD = 0.5
"""Seconds that a client which has just connected to a server that stops gets for its request: it may be on its way."""

CONNECTION = "casewire.connection"
"""The scope extension with the `HttpProtocol` of a request, for answers that are written straight to the transport."""

UPGRADE = b"pgrade:"
"""What the head of a request for a WebSocket holds, however it is spelt, and other heads do not."""

SILENCE = 30_000
"""Milliseconds that a piece of a stream may stay without an acknowledgement until the peer counts as gone."""


class HeadDeadline:
    """Ends connections that do not finish what they ask. One timer for all: they wait equally long."""

    def __init__(self, seconds: float = HEAD_DEADLINE) -> None:
        self._seconds = seconds
        self._waiting: dict[asyncio.Transport, float] = {}  # by when it is due, which is the order of arrival
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        if transport in self._waiting:
            return
        loop = asyncio.get_running_loop()
        self._waiting[transport] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._sweep)

    def met(self, transport: asyncio.Transport) -> None:
        self._waiting.pop(transport, None)

    def _sweep(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for transport, due in list(self._waiting.items()):
            if due > now:
                self._timer = loop.call_at(due, self._sweep)
                return
            del self._waiting[transport]
            transport.abort()


class HttpProtocol(HttpToolsProtocol):
    """Made by `http_protocol`, for each connection."""

    def __init__(
        self,
        heads: HeadDeadline,
        entrance: Turnstile,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._heads = heads
        self._entrance = entrance
        self._early: bytes | None = None  # what came first, while it waits at the entrance
        self._leaving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # reason: as in uvicorn
        """As in uvicorn, which would ask the system for both addresses although the transport has them."""
        self.connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        self.server, self.client = _address(transport, "sockname"), _address(transport, "peername")
        self.scheme = "https" if is_ssl(transport) else "http"
        self._heads.begin(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._heads.met(self.transport)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions = {CONNECTION: ref(self)}  # weak, so that all of this is freed at once
        self.scope["extensions"] = cast(Any, extensions)

    @staticmethod
    def of(scope: Mapping[str, Any]) -> HttpProtocol:
        """The connection of a request that is under way."""
        known = scope.get("extensions", {}).get(CONNECTION)
        connection: HttpProtocol | None = known and known()
        if connection is None:
            raise RuntimeError("a stream needs a connection that is served by HttpProtocol")
        return connection

    def expect_a_stream(self) -> None:
        """The rest of this connection's life is one answer: little of it may wait unseen."""
        connection = self.transport.get_extra_info("socket")
        if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE)

    def on_headers_complete(self) -> None:
        self._heads.met(self.transport)
        super().on_headers_complete()
        if self._leaving and self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """The server stops: no connection is closed under its first request."""
        if self.cycle is None and not self._leaving:
            self._leaving = True
            self.loop.call_later(FIRST_WORD, self.shutdown)
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Those who come for a WebSocket are let in a few at a time; requests do not wait behind them."""
        if self.scope is None and UPGRADE in data:
            self._early = data
            if not self._entrance.enter(self._come_in):
                self._heads.met(self.transport)  # that there is a queue is not the client's fault
                self.flow.pause_reading()
        else:
            self._take(data)

    def _come_in(self) -> None:
        early, self._early = self._early, None
        if early is not None and self.parser is not None and not self.transport.is_closing():
            self.flow.resume_reading()
            self._take(early)

    def _take(self, data: bytes) -> None:
        super().data_received(data)
        between_requests = self.cycle is None or self.cycle.response_complete
        if self.parser is not None and between_requests:
            self._heads.begin(self.transport)

    def handle_websocket_upgrade(self) -> None:
        self._heads.met(self.transport)
        self.connections.discard(self)
        connection = SocketProtocol(self.transport, self.connections)
        self.transport.set_protocol(connection)
        task = self.loop.create_task(connection.open(cast(App, self.app), self._request()))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        self.parser = None  # type: ignore[assignment] # reason: it refers back; without it, all of this is freed at once

    def _request(self) -> dict[str, Any]:
        """The scope, completed as uvicorn does it for requests that are no upgrades."""
        raw_path, _, query = self.url.partition(b"?")
        root = self.root_path
        return {
            **self.scope,
            "path": root + unquote(raw_path.decode("latin-1")),
            "raw_path": root.encode("latin-1") + raw_path,
            "query_string": query,
        }


def write_whole(send: object, status: int, head: bytes, body: bytes | memoryview) -> bool:
    """Writes an answer at once, where `send` is uvicorn's and nothing stands in the way; False: nothing was written.

    As ASGI messages an answer costs more than the rest of a short request: uvicorn searches each header for what
    must not be in it, and puts it together anew. `head` are the lines of headers, each with its end, and known to be
    clean; among them is the length of the body, unless the status has none.
    """
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle) or cycle.response_started or cycle.disconnected:
        return False
    if cycle.flow.write_paused or not cycle.keep_alive or cycle.scope["method"] == "HEAD":
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    own = b"".join([b"%b: %b\r\n" % header for header in cycle.default_headers])
    cycle.transport.write(b"%b%b%b\r\n" % (STATUS_LINE[status], own, head))
    if body:
        cycle.transport.write(body)
    cycle.message_event.set()
    cycle.on_response()
    return True


def http_protocol(head_deadline: float = HEAD_DEADLINE) -> type[asyncio.Protocol]:
    """For `uvicorn.Config(http=...)`, which calls it for each connection."""
    return cast(type[asyncio.Protocol], partial(HttpProtocol, HeadDeadline(head_deadline), Turnstile(OPENED_PER_TURN)))


def _address(transport: asyncio.Transport, name: str) -> tuple[str, int] | None:
    """Host and port; None for a unix socket."""
    address = transport.get_extra_info(name)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) and len(address) >= 2 else None
