"""The one clock of all connections, with a clock of the test's: nothing too early, nothing forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.realtime.heartbeat import NEVER, RESOLUTION, Heartbeat
from tests.ground.eventually import eventually, turns
from tests.realtime.conftest import Node, node
from tests.wire.peer import Frame, Peer, text

__all__ = ["node"]


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Thing:
    """Wants to be looked at again `every` seconds after a look."""

    def __init__(self, first: float, every: float) -> None:
        self.slot: int | None = None
        self.next = first
        self.every = every
        self.looks: list[tuple[float, float]] = []

    def due(self) -> float:
        return self.next

    def look(self, now: float) -> None:
        self.looks.append((self.next, now))
        self.next = now + self.every


SECONDS = st.floats(0, 60, allow_nan=False)


@given(
    things=st.lists(st.tuples(SECONDS, st.one_of(st.just(NEVER), st.floats(0.01, 40))), max_size=8),
    steps=st.lists(st.floats(0.01, 5), max_size=40),
)
def test_everything_is_looked_at_when_it_is_due_and_not_before(
    things: list[tuple[float, float]], steps: list[float]
) -> None:
    clock = Clock(1000.0)
    heartbeat = Heartbeat(clock)
    watched = [Thing(clock.now + first, every) for first, every in things]
    for thing in watched:
        heartbeat.watch(thing)
    for step in steps:
        before, clock.now = clock.now, clock.now + step
        heartbeat.beat()
        for thing in watched:
            assert all(due <= now for due, now in thing.looks), "not before"
            assert thing.next > before - 2 * RESOLUTION, "not forgotten"


def test_what_is_forgotten_is_not_looked_at_and_nothing_of_it_is_kept() -> None:
    clock = Clock(5.0)
    heartbeat = Heartbeat(clock)
    first, second = Thing(6.0, NEVER), Thing(6.0, NEVER)
    heartbeat.watch(first)
    heartbeat.watch(second)
    heartbeat.forget(first)
    heartbeat.forget(first)
    clock.now = 100.0
    heartbeat.beat()
    assert (first.looks, len(second.looks)) == ([], 1)
    assert first.slot is second.slot is None
    assert not heartbeat._slots


def test_one_may_be_forgotten_while_another_is_looked_at() -> None:
    clock = Clock(5.0)
    heartbeat = Heartbeat(clock)
    victim = Thing(6.0, NEVER)

    class Murderer(Thing):
        def look(self, now: float) -> None:
            super().look(now)
            heartbeat.forget(victim)

    murderer = Murderer(6.0, NEVER)
    heartbeat.watch(murderer)
    heartbeat.watch(victim)
    clock.now = 7.0
    heartbeat.beat()
    assert (len(murderer.looks), victim.looks) == (1, [])


# The keep-alive of a session (protocol.md §5), on a clock of the test's


@contextmanager
def stopped_clock(node: Node) -> Iterator[Clock]:
    clock = Clock(node.services.heartbeat.now())
    node.services.heartbeat.now = clock
    yield clock


async def connected(node: Node, token: str) -> Peer:
    one = await asyncio.to_thread(Peer, node.port)
    await asyncio.to_thread(one.open)
    one.send(text(orjson.dumps({"id": 1, "connect": {"token": token}})))
    assert (await asyncio.to_thread(one.messages))[0]["connect"]["ping"] == 25
    return one


async def pass_time(node: Node, clock: Clock, seconds: float) -> None:
    clock.now += seconds
    node.services.heartbeat.beat()
    await turns()


async def test_pings_come_on_schedule_and_a_pong_keeps_the_connection(node: Node) -> None:
    with stopped_clock(node) as clock:
        one = await connected(node, await node.token("dana"))
        await pass_time(node, clock, 12.4)  # the first comes between half an interval and a whole one
        (session,) = node.services.sessions.all()
        assert session._pong_due == NEVER
        await pass_time(node, clock, 12.8)
        assert await asyncio.to_thread(one.frame) == Frame(1, b"{}")
        one.send(text("{}"))
        await eventually(lambda: session._pong_due == NEVER, what="the pong")
        await pass_time(node, clock, 9)
        assert node.services.sessions.all() == [session]
        await pass_time(node, clock, 16.2)
        assert await asyncio.to_thread(one.frame) == Frame(1, b"{}")
        await pass_time(node, clock, 7.9)
        assert node.services.sessions.all() == [session], "the second pong may still come"
        await pass_time(node, clock, 0.3)
        frame = await asyncio.to_thread(one.frame)
        assert (frame.opcode, frame.code, frame.payload[2:]) == (8, 3012, b"no pong")
        assert len(node.services.sessions) == 0
        one.socket.close()


async def test_first_pings_are_spread(node: Node) -> None:
    with stopped_clock(node) as clock:
        token = await node.token("dana")
        several = [await connected(node, token) for _ in range(12)]
        due = sorted(session._ping_at - clock.now for session in node.services.sessions.all())
        assert due[0] >= 12.5
        assert due[-1] <= 25.0
        assert due[-1] - due[0] > 1.0
        for one in several:
            one.socket.close()


async def test_a_token_that_is_not_refreshed_ends_the_connection_after_a_grace(node: Node) -> None:
    with stopped_clock(node) as clock:
        agent = await node.agent("dana")
        token = node.services.tokens.issue(agent.id, ttl=timedelta(seconds=4))
        one = await connected(node, token)
        (session,) = node.services.sessions.all()
        assert session._deadline - clock.now == pytest.approx(29, abs=2)
        later = node.services.tokens.issue(agent.id, ttl=timedelta(seconds=100))
        one.send(text(orjson.dumps({"id": 2, "refresh": {"token": later}})))
        assert (await asyncio.to_thread(one.messages))[0]["refresh"]["ttl"] >= 98
        session._pong_due = session._ping_at = NEVER
        await pass_time(node, clock, 110)
        assert node.services.sessions.all() == [session]
        await pass_time(node, clock, 20)
        assert (await asyncio.to_thread(one.frame)).code == 3005
        one.socket.close()
