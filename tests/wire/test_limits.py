"""What one client may have of a process: commands, connections, subscriptions, bytes, and time to begin."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.buckets import Allowance, Bucket, Verdict
from server.http_protocol import HEAD_DEADLINE
from server.realtime.door import KERNEL_BYTES, OUTGOING_LIMIT
from server.realtime.limits import COMMANDS_WAITING, CONNECT_DEADLINE, INCOMING_LIMIT, SUBSCRIPTIONS, RealtimeLimits
from server.realtime.reader import MESSAGE_LIMIT
from server.realtime.sessions import Sessions
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node, node, running_node
from tests.wire.peer import Peer, text

__all__ = ["node"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    steps=st.lists(st.floats(0, 3), max_size=80),
    rate=st.integers(1, 20),
    burst=st.integers(1, 10),
)
def test_no_more_passes_than_a_burst_and_the_rate(steps: list[float], rate: int, burst: int) -> None:
    allowance, now = Allowance(rate, burst), 100.0
    bucket, passed = Bucket(allowance, now), 0
    for step in steps:
        now += step
        passed += bucket.take(allowance, now) is Verdict.PASSED
        assert passed <= burst + rate * (now - 100.0) + 1e-6


@given(rate=st.integers(1, 50), burst=st.integers(1, 10), count=st.integers(1, 100))
def test_who_keeps_to_the_rate_always_passes(rate: int, burst: int, count: int) -> None:
    allowance = Allowance(rate, burst)
    bucket = Bucket(allowance, 0.0)
    assert all(bucket.take(allowance, n * (1 / rate + 1e-9)) is Verdict.PASSED for n in range(count))


def test_a_burst_passes_another_is_refused_and_then_it_is_enough() -> None:
    allowance = Allowance(rate=1, burst=3)
    bucket = Bucket(allowance, 0.0)
    assert [bucket.take(allowance, 0.0) for _ in range(8)] == [Verdict.PASSED] * 3 + [Verdict.REFUSED] * 2 + [
        Verdict.EXHAUSTED
    ] * 3
    assert bucket.take(allowance, 2.0) is Verdict.REFUSED
    assert bucket.take(allowance, 5.0) is Verdict.PASSED


@contextmanager
def limited(node: Node, **limits: Any) -> Iterator[Clock]:
    clock = Clock()
    node.services.sessions = Sessions(RealtimeLimits(**limits), clock)
    yield clock


@pytest.fixture
async def dial(node: Node) -> AsyncIterator[Any]:
    """Opens connections; all are closed at the end."""
    opened: list[Peer] = []

    async def dial() -> Peer:
        one = await asyncio.to_thread(Peer, node.port)
        opened.append(one)
        assert (await asyncio.to_thread(one.open)).startswith("HTTP/1.1 101")
        return one

    yield dial
    for one in opened:
        one.socket.close()


def command(number: int, name: str, /, **params: Any) -> str:
    return json.dumps({"id": number, name: params})


async def replies(one: Peer, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        found += [message for message in await asyncio.to_thread(one.messages) if message.get("id")]
    return found


async def test_commands_of_a_connection_are_counted(node: Node, dial: Any) -> None:
    with limited(node, commands_of_connection=Allowance(1, 4), commands_of_agent=Allowance(1000, 1000)) as clock:
        one, token = await dial(), await node.token("dana")
        asks = [command(n, "rpc", method="nope", data={}) for n in range(2, 7)]
        one.send(text("\n".join([command(1, "connect", token=token), *asks])))
        told = await replies(one, 6)
        codes = {reply["id"]: reply.get("error", {}).get("code") for reply in told}
        assert codes == {1: None, 2: 104, 3: 104, 4: 104, 5: 111, 6: 111}
        assert all(reply["error"]["temporary"] for reply in told if codes[reply["id"]] == 111)
        one.send(text(command(7, "unsubscribe", channel="customer:1")))
        assert (await replies(one, 1))[0] == {"id": 7, "unsubscribe": {}}, "never refused"
        clock.now += 10
        one.send(text(command(8, "rpc", method="nope", data={})))
        assert (await replies(one, 1))[0]["error"]["code"] == 104, "time heals"
        one.send(text("\n".join(command(n, "rpc", method="nope", data={}) for n in range(9, 40))))
        frame = await asyncio.to_thread(one.frame)
        while frame.opcode != 8:
            frame = await asyncio.to_thread(one.frame)
        assert frame.code == 3013


async def test_a_refused_connect_leaves_the_rest_of_its_frame_alone(node: Node, dial: Any) -> None:
    with limited(node, commands_of_connection=Allowance(1, 2), commands_of_agent=Allowance(9, 9)):
        one, token = await dial(), await node.token("dana")
        commands = ["{}", "{}", command(1, "connect", token=token), command(2, "subscribe", channel="customer:1")]
        one.send(text("\n".join(commands)))
        frame = await asyncio.to_thread(one.messages)
        assert frame == [{"id": 1, "error": {"code": 111, "message": "too many requests", "temporary": True}}]
        assert len(node.services.sessions) == 0


async def test_commands_of_an_agent_are_counted_over_all_its_connections(node: Node, dial: Any) -> None:
    with limited(node, commands_of_connection=Allowance(1000, 1000), commands_of_agent=Allowance(1, 3)):
        token = await node.token("dana")
        several = [await dial() for _ in range(3)]
        for one in several:
            one.send(text(command(1, "connect", token=token)))
            assert "connect" in (await replies(one, 1))[0]
        codes = []
        for one in several:
            one.send(text(command(2, "rpc", method="nope", data={})))
            codes += [reply["error"]["code"] for reply in await replies(one, 1)]
        assert codes == [104, 104, 104]
        several[0].send(text(command(3, "rpc", method="nope", data={})))
        assert (await replies(several[0], 1))[0]["error"]["code"] == 111


async def test_connections_of_an_agent_are_limited(node: Node, dial: Any) -> None:
    with limited(node, connections_per_agent=2):
        token = await node.token("dana")
        for place in range(3):
            one = await dial()
            one.send(text(command(1, "connect", token=token)))
            if place < 2:
                assert "connect" in (await replies(one, 1))[0]
            else:
                frame = await asyncio.to_thread(one.frame)
                assert (frame.opcode, frame.code) == (8, 3504)


async def test_subscriptions_of_a_connection_are_limited(node: Node, dial: Any) -> None:
    one, token = await dial(), await node.token("dana")
    await node.customer()
    session_channels = {f"customer:{n}": None for n in range(1000, 1000 + SUBSCRIPTIONS)}
    one.send(text(command(1, "connect", token=token)))
    await replies(one, 1)
    (session,) = node.services.sessions.all()
    session.subscriptions.update(session_channels)  # type: ignore[arg-type] # reason: only their number counts here
    one.send(text(command(2, "subscribe", channel="customer:1")))
    assert (await replies(one, 1))[0]["error"]["code"] == 106
    session.subscriptions.clear()


PILES = {
    "commands": [text("\n".join(command(n, "rpc", method="nope") for n in range(2, COMMANDS_WAITING + 10)))],
    "bytes": [text(command(n, "rpc", method="nope", data="x" * 60_000)) for n in range(2, 22)],
}


@pytest.mark.parametrize("what", PILES)
async def test_what_piles_up_behind_a_slow_command_is_bounded(node: Node, dial: Any, what: str) -> None:
    one, token = await dial(), await node.token("dana")
    one.send(text(command(1, "connect", token=token)))
    await replies(one, 1)
    gate = asyncio.Event()

    async def slow(_session: object, _request: object) -> None:
        await gate.wait()

    (session,) = node.services.sessions.all()
    session._handler = slow
    for frame in PILES[what]:
        await asyncio.to_thread(one.send, frame)
    assert (await asyncio.to_thread(one.frame)).code == 3013
    gate.set()


async def test_who_does_not_connect_in_time_is_stale(database_url: str, redis_url: str) -> None:
    async with running_node(database_url, redis_url) as node:
        heartbeat = node.services.heartbeat
        start = heartbeat.now()
        one = await asyncio.to_thread(Peer, node.port)
        await asyncio.to_thread(one.open)
        heartbeat.now = lambda: start + 9.0
        heartbeat.beat()
        heartbeat.now = lambda: start + 11.0
        heartbeat.beat()
        assert (await asyncio.to_thread(one.frame)).code == 3502
        one.socket.close()
        await eventually(lambda: not node.server.server_state.connections, what="it is gone")


def test_the_documented_limits_are_the_real_ones() -> None:
    table = (Path(__file__).parents[2] / "docs" / "realtime.md").read_text().partition("## Limits")[2]
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", table, re.MULTILINE))
    limits = RealtimeLimits()
    assert limits.commands_of_connection is not None
    assert limits.commands_of_agent is not None
    assert rows["request head, from connecting"] == f"{HEAD_DEADLINE:.0f} s"
    assert rows["first command, from the handshake"] == f"{CONNECT_DEADLINE:.0f} s"
    assert rows["message, all fragments, inflated"] == f"{MESSAGE_LIMIT:,} bytes"
    assert rows["subscriptions of a connection"] == str(SUBSCRIPTIONS)
    assert rows["commands of a connection"] == shown(limits.commands_of_connection)
    assert rows["commands of an agent, all connections"] == shown(limits.commands_of_agent)
    assert rows["commands that wait for those before them"] == f"{COMMANDS_WAITING}, or {INCOMING_LIMIT >> 20} MiB"
    assert rows["connections of an agent"] == str(limits.connections_per_agent)
    most = OUTGOING_LIMIT + KERNEL_BYTES
    assert rows["bytes that a client has not taken"] == f"{most >> 20} MiB, the system's buffer included"


def shown(allowance: Allowance) -> str:
    return f"{allowance.rate:,} a second, {allowance.burst:,} at once"
