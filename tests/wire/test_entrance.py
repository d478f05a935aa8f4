"""A crowd that comes back: what one turn of the loop does for it is bounded, and nobody loses its place by waiting."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.http_protocol import HeadDeadline, HttpProtocol
from server.realtime.limits import ADMITTED_PER_TURN
from server.realtime.session import Session
from server.realtime.turnstile import Turnstile
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node, node
from tests.wire.peer import Peer, text
from tests.wire.test_uvicorn import App, dial, serving

__all__ = ["node"]

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Closed(Turnstile):
    """Lets nobody in until it is told to."""

    def __init__(self) -> None:
        super().__init__(1)
        self.line: deque[Callable[[], None]] = deque()

    def enter(self, come_in: Callable[[], None]) -> bool:
        self.line.append(come_in)
        return False

    def open(self) -> None:
        while self.line:
            self.line.popleft()()


async def test_who_waits_to_be_let_in_keeps_its_place_and_requests_pass_by() -> None:
    app, entrance = App(), Closed()
    async with serving(app) as (port, server):
        deadline = HeadDeadline(0.2)
        server.config.http_protocol_class = partial(HttpProtocol, deadline, entrance)  # type: ignore[assignment]
        one, gone, silent, other = [await dial(port) for _ in range(4)]
        for waiting in (one, gone):
            waiting.request("/")
        await eventually(lambda: len(entrance.line) == 2, what="both wait")
        other.send(REQUEST)
        assert (await asyncio.to_thread(other.head)).startswith("HTTP/1.1 200 ")
        assert await asyncio.to_thread(silent.ends), "the deadline for heads has passed"
        assert app.scopes == []
        gone.reset()
        entrance.open()
        assert (await asyncio.to_thread(one.head)).startswith("HTTP/1.1 101 ")
        one.send(text("hello"))
        assert (await asyncio.to_thread(one.frame)).payload == b"hello"
        await eventually(lambda: len(server.server_state.connections) == 2, what="who has gone is forgotten")
        for done in (one, other):
            done.socket.close()


async def test_the_server_may_stop_while_some_wait() -> None:
    entrance = Closed()
    async with serving(App()) as (port, server):
        server.config.http_protocol_class = partial(HttpProtocol, HeadDeadline(), entrance)  # type: ignore[assignment]
        one = await dial(port)
        one.request("/")
        await eventually(lambda: entrance.line, what="it waits")
    assert await asyncio.to_thread(one.ends)
    entrance.open()


async def test_what_a_connection_knows_of_itself_is_what_uvicorn_would_have_asked_for() -> None:
    asked: list[tuple[Any, ...]] = []

    class Compared(HttpProtocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            ours = (self.server, self.client, self.scheme, set(vars(self)))
            HttpToolsProtocol.connection_made(self, transport)
            asked.append((ours, (self.server, self.client, self.scheme, set(vars(self)))))

    async with serving(App()) as (port, server):
        server.config.http_protocol_class = partial(Compared, HeadDeadline(), Turnstile(1))  # type: ignore[assignment]
        one = await dial(port)
        one.send(REQUEST)
        assert (await asyncio.to_thread(one.head)).startswith("HTTP/1.1 200 ")
        one.socket.close()
    ((ours, uvicorns),) = asked
    assert ours == uvicorns


async def joining(node: Node, customer_id: int) -> Peer:
    """Connected, and has sent its first commands."""
    one = await dial(node.port)
    await asyncio.to_thread(one.open)
    commands = [
        {"id": 1, "connect": {"token": await node.token("dana")}},
        {"id": 2, "subscribe": {"channel": f"customer:{customer_id}"}},
    ]
    one.send(text("\n".join(json.dumps(command) for command in commands)))
    return one


async def answered(one: Peer) -> None:
    told: list[int] = []
    while 2 not in told:
        told += [message.get("id", 0) for message in await asyncio.to_thread(one.messages)]


async def test_first_commands_are_begun_a_few_in_each_turn(node: Node, monkeypatch: Any) -> None:
    customer, sessions, entrance = await node.customer(), node.services.sessions, Closed()
    proper, sessions.entrance = sessions.entrance, entrance
    peers = [await joining(node, customer.id) for _ in range(5 * ADMITTED_PER_TURN)]
    await eventually(lambda: len(entrance.line) == len(peers), what="all have spoken")
    turn, begun = 0, list[int]()
    begin = Session._begin

    def count() -> None:
        nonlocal turn
        turn += 1
        if len(begun) < len(peers):
            asyncio.get_running_loop().call_soon(count)

    def counted(session: Session, *waiting: Any) -> None:
        begun.append(turn)
        begin(session, *waiting)

    monkeypatch.setattr(Session, "_begin", counted)
    count()
    while entrance.line:
        proper.enter(entrance.line.popleft())
    for one in peers:
        await answered(one)
    assert len(begun) == len(peers)
    assert max(begun.count(number) for number in set(begun)) <= ADMITTED_PER_TURN
    for one in peers:
        one.socket.close()


async def test_the_deadline_for_connecting_does_not_run_in_our_own_queue(node: Node) -> None:
    customer, heartbeat, entrance = await node.customer(), node.services.heartbeat, Closed()
    node.services.sessions.entrance = entrance
    one, silent, gone = await joining(node, customer.id), await dial(node.port), await joining(node, customer.id)
    await asyncio.to_thread(silent.open)
    await eventually(lambda: len(entrance.line) == 2, what="they wait")
    before = heartbeat.now
    heartbeat.now = lambda: before() + 11.0
    heartbeat.beat()
    assert (await asyncio.to_thread(silent.frame)).code == 3502
    gone.reset()
    entrance.open()
    await answered(one)
    await eventually(lambda: len(node.services.sessions) == 1, what="who has gone is forgotten")
    for done in (one, silent):
        done.socket.close()
