"""Work, counted: what a publication, a connection and a slow reader cost, whatever the machine."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest

from channels.command import AddComment
from channels.names import customer_channel
from channels.push import Push, signal
from server.realtime import direct
from server.realtime.codecs.json import JsonCodec
from server.realtime.codecs.protobuf import ProtobufCodec
from server.realtime.codes import SLOW
from server.realtime.direct import SEND_BUFFER, SocketProtocol, State
from server.realtime.door import KERNEL_BYTES, OUTGOING_LIMIT
from tests.ground.eventually import eventually
from tests.realtime.client import connected
from tests.realtime.conftest import Node, node
from tests.wire.peer import Peer, client_frame, close, text

__all__ = ["node"]


@pytest.fixture
async def viewer(node: Node) -> AsyncIterator[Callable[..., Any]]:
    """Opens a connection that follows a customer; returns the peer."""
    opened: list[Peer] = []

    async def view(customer_id: int, username: str = "dana") -> Peer:
        one = await asyncio.to_thread(Peer, node.port)
        opened.append(one)
        await asyncio.to_thread(one.open)
        commands = [
            {"id": 1, "connect": {"token": await node.token(username)}},
            {"id": 2, "subscribe": {"channel": f"customer:{customer_id}"}},
        ]
        one.send(text("\n".join(json.dumps(command) for command in commands)))
        told: list[int] = []
        while 2 not in told:
            told += [message.get("id", 0) for message in await asyncio.to_thread(one.messages)]
        return one

    yield view
    for one in opened:
        one.socket.close()


def connections(node: Node) -> list[SocketProtocol]:
    return [one for one in node.server.server_state.connections if isinstance(one, SocketProtocol)]


class CountingTransport:
    """Passes on to a transport, and keeps what is written; also what is written past it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.written: list[bytes] = []
        self.passed_on: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.passed_on.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


@pytest.fixture
def counted(node: Node, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[CountingTransport]]:
    """Counts from the call on, for the connections that are open by then."""

    def count() -> list[CountingTransport]:
        by_number = {}
        for connection in connections(node):
            transport = CountingTransport(connection.transport)
            connection.transport = transport  # type: ignore[assignment] # reason: in place of it
            by_number[connection._fd] = transport

        def send(fd: int, data: bytes) -> int:
            by_number[fd].written.append(data)
            return os.write(fd, data)

        monkeypatch.setattr(direct, "send", send)
        return list(by_number.values())

    return count


async def test_a_publication_is_encoded_once_for_each_codec(
    node: Node, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await node.customer()
    for _ in range(5):
        await viewer(customer.id)
    async with AsyncExitStack() as stack:
        watchers = []
        for _ in range(3):
            lee = connected(node.socket_url, await node.token("lee"), protobuf=True)
            watchers.append((await (await stack.enter_async_context(lee)).watch(customer.id))[1])
        made: list[tuple[str, str, int]] = []
        for codec in (JsonCodec, ProtobufCodec):
            original = codec.push

            def push(self: Any, one: Push, original: Any = original, name: str = codec.name) -> bytes:
                made.append((name, one.channel, one.offset))
                encoded: bytes = original(self, one)
                return encoded

            monkeypatch.setattr(codec, "push", push)
        await node.write("ines", AddComment(customer.id, "to everybody"))
        for watcher in watchers:
            await watcher.sees(2)
    channel = f"customer:{customer.id}"
    assert sorted(entry for entry in made if entry[1:] == (channel, 2)) == [
        ("json", channel, 2),
        ("protobuf", channel, 2),
    ]


async def test_what_arrives_in_one_turn_is_one_write_of_the_same_bytes_for_all(
    node: Node, viewer: Any, counted: Any
) -> None:
    customer = await node.customer()
    peers = [await viewer(customer.id) for _ in range(4)]
    transports = counted()
    name = customer_channel(customer.id)
    for number in range(10):
        node.services.hub.deliver(signal(name, {"type": "typing", "n": number}))
    assert [transport.written for transport in transports] == [[]] * 4, "nothing leaves within the turn"
    await asyncio.sleep(0)
    assert [len(transport.written) for transport in transports] == [1] * 4
    assert len({id(transport.written[0]) for transport in transports}) == 1, "shared"
    for one in peers:
        told = await asyncio.to_thread(one.messages)
        assert [message["push"]["pub"]["data"]["n"] for message in told] == list(range(10))


async def test_nothing_overtakes_what_waits_and_what_does_not_wait_takes_the_short_way(
    node: Node, viewer: Any, counted: Any
) -> None:
    customer = await node.customer()
    one = await viewer(customer.id)
    (connection,) = connections(node)
    (transport,) = counted()
    name, sent = customer_channel(customer.id), 0

    def send(filling: int) -> None:
        nonlocal sent
        sent += 1
        node.services.hub.deliver(signal(name, {"n": sent, "filling": "x" * filling}))

    async def partly_taken() -> bool:
        send(20_000)
        await asyncio.sleep(0)
        return bool(transport.passed_on)

    await eventually(partly_taken, what="the system takes no more")
    for filling in (1, 5_000, 1):
        send(filling)
        await asyncio.sleep(0)
    assert len(transport.passed_on) == 4, "all that comes after it waits behind it"
    expected = list(range(1, sent + 1))
    seen: list[int] = []

    def read() -> None:
        while len(seen) < sent:
            seen.extend(message["push"]["pub"]["data"]["n"] for message in one.messages())

    await asyncio.to_thread(read)
    assert seen == expected
    await eventually(lambda: connection.transport.get_write_buffer_size() == 0, what="nothing waits any more")
    send(1)
    await asyncio.to_thread(read)
    assert len(transport.passed_on) == 4, "the transport has nothing to do with it"


async def test_nothing_is_written_to_the_number_of_a_socket_that_is_gone(node: Node, viewer: Any, counted: Any) -> None:
    customer = await node.customer()
    one = await viewer(customer.id)
    (connection,) = connections(node)
    (transport,) = counted()
    connection.write(b"\x89\x00")
    assert len(transport.written) == 1
    one.socket.close()
    await eventually(lambda: connection.state is State.CLOSED, what="the end is noticed")
    assert connection.write(b"\x89\x00")
    assert len(transport.written) == 1


async def test_nothing_is_written_past_a_transport_that_was_aborted(node: Node, viewer: Any, counted: Any) -> None:
    customer = await node.customer()
    await viewer(customer.id)
    (connection,) = connections(node)
    (transport,) = counted()
    connection.abort(SLOW)
    connection.state = State.OPEN  # as where nothing could be said
    connection.write(b"\x89\x00")
    assert transport.written == transport.passed_on


async def test_replies_and_publications_leave_by_one_door_in_order(node: Node, viewer: Any, counted: Any) -> None:
    customer = await node.customer()
    one = await viewer(customer.id)
    (session,) = node.services.sessions.all()
    (transport,) = counted()
    push = signal(customer_channel(customer.id), {"n": 1})
    session.deliver((push,))
    session.door.send(b'{"id":9,"rpc":{}}')
    session.deliver((push,))
    await asyncio.sleep(0)
    assert len(transport.written) == 1
    assert [("push" in message, message.get("id")) for message in await asyncio.to_thread(one.messages)] == [
        (True, None),
        (False, 9),
        (True, None),
    ]


async def test_an_idle_connection_has_no_task_and_an_open_channel_needs_no_query(node: Node, viewer: Any) -> None:
    customer = await node.customer()
    await viewer(customer.id)
    await eventually(lambda: not any(task.get_name() == "commands" for task in asyncio.all_tasks()), what="idle")
    tasks, queries = len(asyncio.all_tasks()), node.services.hub._stream.queries  # type: ignore[attr-defined]
    for _ in range(5):
        await viewer(customer.id)
    await eventually(lambda: len(asyncio.all_tasks()) == tasks, what="as many tasks as before")
    assert node.services.hub._stream.queries == queries  # type: ignore[attr-defined]
    assert len(node.services.sessions) == 6


async def test_a_slow_reader_is_cut_off_within_its_bound_and_delays_nobody(node: Node, viewer: Any) -> None:
    customer = await node.customer()
    slow = await viewer(customer.id, "lee")
    (stuck,) = connections(node)
    system = stuck.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert SEND_BUFFER <= system <= KERNEL_BYTES
    quick = await viewer(customer.id, "dana")
    seen: list[int] = []

    def read() -> None:
        while len(seen) < 60:
            seen.extend(message["push"]["pub"]["data"]["n"] for message in quick.messages())

    reading = asyncio.create_task(asyncio.to_thread(read))
    name, most = customer_channel(customer.id), 0
    for number in range(60):
        node.services.hub.deliver(signal(name, {"n": number, "filling": "x" * 50_000}))
        await eventually(lambda n=number: n in seen, what="the quick one keeps up")  # type: ignore[misc]
        if stuck.state is State.OPEN:
            most = max(most, stuck.transport.get_write_buffer_size())
    await asyncio.wait_for(reading, 20)
    assert seen == list(range(60))
    assert stuck.state is State.CLOSED
    assert most <= OUTGOING_LIMIT
    assert [session.caller.agent.username for session in node.services.sessions.all() if session.caller] == ["dana"]
    assert await asyncio.to_thread(slow.ends)


async def test_one_message_larger_than_the_bound_reaches_a_reader_that_keeps_up(node: Node, viewer: Any) -> None:
    customer = await node.customer()
    one = await viewer(customer.id)
    node.services.hub.deliver(signal(customer_channel(customer.id), {"filling": "x" * 2 * OUTGOING_LIMIT}))
    assert len(orjson.dumps(await asyncio.to_thread(one.messages))) > 2 * OUTGOING_LIMIT


async def test_a_fault_of_one_connection_keeps_no_other_waiting(node: Node, viewer: Any) -> None:
    customer = await node.customer()
    first = await viewer(customer.id, "lee")
    (broken,) = node.services.sessions.all()
    second = await viewer(customer.id, "dana")
    broken.door.send("no bytes")  # type: ignore[arg-type] # reason: the fault
    node.services.hub.deliver(signal(customer_channel(customer.id), {"n": 1}))
    assert (await asyncio.to_thread(second.messages))[0]["push"]["pub"]["data"] == {"n": 1}
    assert await asyncio.to_thread(first.ends)
    assert len(node.services.sessions) == 1


async def test_whoever_missed_more_than_may_wait_for_a_reader_gets_it_all(node: Node, viewer: Any) -> None:
    customer = await node.customer()
    for _ in range(60):
        await node.write("lee", AddComment(customer.id, "\N{BLACK STAR}" * 10_000))
    one = await viewer(customer.id)
    one.send(text(json.dumps({"id": 3, "unsubscribe": {"channel": f"customer:{customer.id}"}})))
    assert (await asyncio.to_thread(one.messages))[0]["unsubscribe"] == {}
    again = {"channel": f"customer:{customer.id}", "recover": True, "offset": 1, "epoch": node.services.hub.epoch}
    one.send(text(json.dumps({"id": 4, "subscribe": again})))
    (connection,) = connections(node)
    await eventually(lambda: connection.pending, what="what is not read piles up")

    def read() -> list[int]:
        offsets: list[int] = []
        while not offsets or offsets[-1] < 61:
            for message in one.messages():
                if "subscribe" in message:
                    offsets += [pub["offset"] for pub in message["subscribe"]["publications"]]
                else:
                    offsets.append(message["push"]["pub"]["offset"])
        return offsets

    assert await asyncio.to_thread(read) == list(range(2, 62))
    assert len(node.services.sessions) == 1


async def stuck(node: Node, viewer: Any) -> tuple[Peer, SocketProtocol]:
    """A peer that reads nothing, with something waiting for it, though less than is too much."""
    customer = await node.customer()
    one = await viewer(customer.id)
    (connection,) = connections(node)

    def filled() -> bool:
        node.services.hub.deliver(signal(customer_channel(customer.id), {"filling": "x" * 50_000}))
        return connection.pending > 0

    await eventually(filled, what="something waits")
    return one, connection


async def test_a_reader_that_says_goodbye_and_takes_nothing_is_dropped(
    node: Node, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "GOODBYE", 0.05)
    one, connection = await stuck(node, viewer)
    one.send(close(1000))
    await eventually(lambda: len(node.services.sessions) == 0, what="the session is over at once")
    await eventually(lambda: connection.state is State.CLOSED, what="and the connection soon")


async def test_pongs_do_not_pile_up(node: Node, viewer: Any) -> None:
    one, connection = await stuck(node, viewer)
    for _ in range(20):
        await asyncio.to_thread(one.send, client_frame(9, b"x" * 125) * 500)
    one.send(text('{"id":9,"unsubscribe":{"channel":"customer:1"}}'))
    (session,) = node.services.sessions.all()
    await eventually(lambda: not session.subscriptions, what="all pings were read")
    assert connection.pending < 300_000, "not the 1,270,000 bytes of ten thousand pongs"
