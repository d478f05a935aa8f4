"""The hub against a bus that loses, repeats and reorders, over random interleavings.

Stream and bus are models here, because the interleavings are the point: every read of the stream ends when
the test says so. The same laws are shown with the real PostgreSQL and Redis elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.agent import Agent, Role, Visibility
from channels.errors import PermissionDenied
from channels.hub import RECOVERY_PAGE, Hub, Joined, Unrecoverable
from channels.names import ChannelName, customer_channel, work_channel
from channels.portions import PORTION
from channels.ports import Position, StreamPage, Viewer
from channels.push import Push, PushKind, publication, signal

NAME = customer_channel(7)
EPOCH = "e1"


class ModelStream:
    """A log in memory. With `gated`, each read waits until the test releases it, and then sees the log as it
    was when the read began or as it is now."""

    def __init__(self) -> None:
        self.log: list[Push] = []
        self.assigned_to: int | None = None
        self.gated = False
        self.reads: list[asyncio.Future[None]] = []
        self.count = 0

    def append(self, data: Mapping[str, Any] | None = None) -> Push:
        push = publication(NAME, len(self.log) + 1, dict(data or {"n": len(self.log) + 1}))
        self.log.append(push)
        return push

    async def read(self, name: ChannelName, viewer: Viewer | None, after: int | None, limit: int) -> StreamPage:
        self.count += 1
        if self.gated:
            gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.reads.append(gate)
            await gate
        if viewer is not None and not viewer.agent.may_see(self.assigned_to, viewer.visibility):
            raise PermissionDenied("no")
        pushes = [] if after is None else self.log[after : after + limit]
        fresh = [Push(push.kind, push.channel, push.data, push.offset) for push in pushes]
        return StreamPage(EPOCH, len(self.log), fresh, self.assigned_to)

    async def ahead(self, positions: Sequence[tuple[ChannelName, int]]) -> tuple[str, Mapping[str, int]]:
        return EPOCH, {str(name): len(self.log) for name, at in positions if len(self.log) > at}


class ModelBus:
    """Keeps what is published until the test delivers it, or not."""

    def __init__(self) -> None:
        self.sent: list[Push] = []
        self.connected = True

    def publish(self, pushes: Sequence[Push]) -> None:
        self.sent.extend(pushes)

    def subscribe(self, channel: str) -> asyncio.Future[bool]:
        acknowledged: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(True)
        return acknowledged

    def unsubscribe(self, channel: str) -> None:
        pass


class Receiver:
    """What a client would have seen, and whether that was lawful at every step."""

    def __init__(self, agent_id: int = 1, visibility: Visibility = Visibility.ALL) -> None:
        self.viewer = Viewer(Agent(agent_id, "dana", "Dana", Role.AGENT), visibility)
        self.joined: Joined | None = None
        self.position = 0
        self.seen: list[int] = []
        self.signals: list[bytes] = []
        self.runs: list[int] = []
        self.ended = False

    def answer(self, joined: Joined) -> None:
        assert self.joined is None, "answered once"
        self.joined = joined
        self.position = joined.offset
        for push in joined.publications:
            self._take(push)

    def deliver(self, pushes: Sequence[Push]) -> None:
        assert self.joined is not None, "nothing before the answer"
        assert not self.ended, "nothing after the end"
        self.runs.append(len(pushes))
        for push in pushes:
            if push.kind is PushKind.PUBLICATION:
                self._take(push)
            else:
                self.signals.append(push.data)

    def _take(self, push: Push) -> None:
        assert push.offset == self.position + 1, f"{push.offset} after {self.position}"
        self.position = push.offset
        self.seen.append(push.offset)

    def revoked(self, channel: str) -> None:
        self.ended = True

    async def drained(self) -> None:
        pass


async def turns(count: int = 20) -> None:
    """Lets everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


def release(gate: asyncio.Future[None]) -> None:
    if not gate.done():  # its reader may have been cancelled
        gate.set_result(None)


def at_once(_delay: float, function: Callable[..., None], *arguments: Any) -> None:
    asyncio.get_running_loop().call_soon(function, *arguments)


Scene = Callable[[Hub, ModelStream, ModelBus], Awaitable[None]]


async def play(scene: Scene) -> None:
    stream, bus = ModelStream(), ModelBus()
    async with asyncio.TaskGroup() as tasks:
        await scene(Hub(EPOCH, bus, stream, tasks, call_later=at_once), stream, bus)


STEP = st.one_of(
    st.tuples(st.just("commit"), st.booleans()),  # and is it published by this very process?
    st.tuples(st.just("bus"), st.integers(0, 30)),  # some message of the bus arrives, perhaps again
    st.tuples(st.just("join"), st.one_of(st.none(), st.integers(0, 12))),
    st.tuples(st.just("read"), st.lists(st.integers(0, 20), min_size=1, max_size=6)),  # several in one read
    st.tuples(st.just("leave"), st.integers(0, 10)),
    st.tuples(st.just("release"), st.integers(0, 5)),  # a read of the stream ends
    st.tuples(st.just("reconcile"), st.none()),
    st.tuples(st.just("resubscribed"), st.none()),
)


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(STEP, max_size=60), gated=st.booleans())
def test_every_receiver_sees_everything_once_and_in_order(steps: list[tuple[str, Any]], gated: bool) -> None:
    asyncio.run(play(lambda hub, stream, bus: interleave(hub, stream, bus, steps, gated)))


async def interleave(hub: Hub, stream: ModelStream, bus: ModelBus, steps: list[tuple[str, Any]], gated: bool) -> None:
    stream.gated = gated
    receivers: list[tuple[Receiver, asyncio.Task[None]]] = []
    for step, value in steps:
        match step:
            case "commit":
                push = stream.append()
                if value:
                    hub.publish([push])
                else:
                    bus.sent.append(push)
            case "bus" if bus.sent:
                sent = bus.sent[value % len(bus.sent)]
                hub.deliver(Push.from_bus(sent.channel, sent.to_bus()))
            case "read" if bus.sent:
                sent_together = [bus.sent[place % len(bus.sent)] for place in value]
                hub.deliver(*(Push.from_bus(sent.channel, sent.to_bus()) for sent in sent_together))
            case "join":
                receiver = Receiver()
                since = None if value is None else Position(value, EPOCH)
                joining = asyncio.create_task(hub.join(receiver, NAME, since, receiver.answer))
                receivers.append((receiver, joining))
            case "leave" if receivers:
                receiver, joining = receivers.pop(value % len(receivers))
                joining.cancel()
                await asyncio.gather(joining, return_exceptions=True)
                hub.leave(receiver, str(NAME))
                receiver.ended = True
            case "release" if stream.reads:
                release(stream.reads.pop(value % len(stream.reads)))
            case "reconcile":
                await hub.reconcile()
            case "resubscribed":
                hub.missed(str(NAME))
        await turns(value % 3 if isinstance(value, int) else 1)
    stream.gated = False
    for gate in stream.reads:
        release(gate)
    await asyncio.gather(*(joining for _, joining in receivers))
    await hub.reconcile()
    await turns(200)
    for receiver, _ in receivers:
        assert receiver.position == len(stream.log), "everybody ends with everything"
    for receiver, _ in receivers:
        hub.leave(receiver, str(NAME))
    assert hub.channels == 0, "nothing is left behind"


async def test_what_comes_together_is_handed_to_each_receiver_once() -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        receivers = [Receiver() for _ in range(3)]
        for receiver in receivers:
            await hub.join(receiver, NAME, None, receiver.answer)
        first, second, third, *more = [stream.append() for _ in range(10)]
        hub.deliver(first, second, third)
        hub.deliver(third, more[1], signal(NAME, {"type": "typing"}), more[0], *more[2:])
        for receiver in receivers:
            assert receiver.runs == [3, 1, 7], "a signal parts what it came between"
            assert receiver.seen == list(range(1, 11))
        assert stream.count == 1, "nothing was missing"

    await play(scene)


async def test_a_run_ends_where_a_right_does() -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        stream.assigned_to = 1
        loses, keeps = Receiver(1, Visibility.ASSIGNED), Receiver(2, Visibility.ALL)
        for receiver in (loses, keeps):
            await hub.join(receiver, NAME, None, receiver.answer)
        away = {"customer": {"assigned_to": 2}, "action": {"changes": {"assigned_to": {}}}}
        hub.deliver(stream.append(), stream.append(), stream.append(away), stream.append())
        assert (loses.seen, loses.ended) == ([1, 2], True)
        assert (keeps.seen, keeps.runs) == ([1, 2, 3, 4], [2, 2])

    await play(scene)


async def test_a_gap_on_the_bus_is_filled_from_the_stream() -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        receiver = Receiver()
        await hub.join(receiver, NAME, None, receiver.answer)
        stream.append()
        hub.deliver(stream.append())
        assert receiver.seen == [], "not out of order"
        await turns()
        assert receiver.seen == [1, 2]
        assert hub.healed == 2

    await play(scene)


async def test_a_lost_last_message_is_found_by_the_healer() -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        receiver = Receiver()
        await hub.join(receiver, NAME, None, receiver.answer)
        stream.append()
        await hub.reconcile()
        await turns()
        assert receiver.seen == [1]

    await play(scene)


async def test_replay_has_no_bound() -> None:
    """More than one page is missing: the rest follows the answer, in order."""

    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        for _ in range(RECOVERY_PAGE * 4 + 7):
            stream.append()
        receiver = Receiver()
        await hub.join(receiver, NAME, Position(0), receiver.answer)
        assert receiver.joined is not None
        assert len(receiver.joined.publications) == RECOVERY_PAGE
        assert receiver.position == len(stream.log)

    await play(scene)


@pytest.mark.parametrize(
    ("since", "recovered"),
    [
        (Position(3, EPOCH), True),
        (Position(0, ""), True),
        (Position(5, EPOCH), True),
        (Position(6, EPOCH), False),
        (Position(3, "other"), False),
        (Position(0, "_"), False),
    ],
)
async def test_what_is_recovered(since: Position, recovered: bool) -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        for _ in range(5):
            stream.append()
        for _ in range(2):  # once from the stream, and once, as somebody is there, from memory
            receiver = Receiver()
            await hub.join(receiver, NAME, since, receiver.answer)
            assert receiver.joined is not None
            assert receiver.joined.recovered is recovered
            assert receiver.joined.offset == (since.offset if recovered else 5)
            assert [push.offset for push in receiver.joined.publications] == (
                list(range(since.offset + 1, 6)) if recovered else []
            )
        if not recovered:
            with pytest.raises(Unrecoverable):
                await hub.join(Receiver(), NAME, since, lambda _: None, reject_unrecovered=True)

    await play(scene)


async def test_who_may_not_see_is_not_let_in_and_whose_right_is_taken_sees_no_more() -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        stream.assigned_to = 1
        own, other = Receiver(1, Visibility.ASSIGNED), Receiver(2, Visibility.ASSIGNED)
        await hub.join(own, NAME, None, own.answer)
        with pytest.raises(PermissionDenied):
            await hub.join(other, NAME, None, other.answer)
        stream.assigned_to = 2
        hub.publish([stream.append({"customer": {"assigned_to": 2}, "action": {"changes": {"assigned_to": {}}}})])
        assert own.ended
        assert own.seen == []
        await hub.join(other, NAME, None, other.answer)
        hub.publish([stream.append()])
        assert other.seen == [2]

    await play(scene)


async def test_one_query_for_a_channel_that_is_open_however_many_join() -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        stream.append()
        for _ in range(50):
            receiver = Receiver()
            await hub.join(receiver, NAME, None, receiver.answer)
        assert stream.count == 1

    await play(scene)


async def test_a_publication_is_encoded_once_for_all() -> None:
    class CountingEncoder:
        name = "counting"
        count = 0

        def push(self, push: Push) -> bytes:
            self.count += 1
            return push.data

    encoder = CountingEncoder()

    class Encoding(Receiver):
        def deliver(self, pushes: Sequence[Push]) -> None:
            super().deliver(pushes)
            for push in pushes:
                push.encoded(encoder)

    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        for _ in range(100):
            receiver = Encoding()
            await hub.join(receiver, NAME, None, receiver.answer)
        hub.publish([stream.append()])
        assert encoder.count == 1

    await play(scene)


async def test_a_list_is_told_to_read_again_when_the_bus_may_have_lost_something() -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        receiver = Receiver()
        await hub.join(receiver, work_channel(1), None, receiver.answer)
        hub.missed("work:1")
        assert [orjson.loads(data) for data in receiver.signals] == [{"type": "refresh"}]
        assert stream.count == 0

    await play(scene)


async def test_a_list_takes_no_row_that_is_older_than_what_it_was_told() -> None:
    """Two processes that change one customer in turn: the bus keeps no order between them."""

    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        receiver = Receiver()
        await hub.join(receiver, work_channel(1), None, receiver.answer)
        for kind, offset in (("upsert", 4), ("remove", 6), ("upsert", 5), ("remove", 6), ("upsert", 7), ("remove", 3)):
            row = {"type": kind, "customer": {"id": 42, "offset": offset}}
            hub.deliver(signal(work_channel(1), row))
        seen = [orjson.loads(data) for data in receiver.signals]
        assert [(one["type"], one["customer"]["offset"]) for one in seen] == [
            ("upsert", 4),
            ("remove", 6),
            ("upsert", 7),
        ]

    await play(scene)


async def test_waiting_for_news_ends_with_the_news_or_the_limit() -> None:
    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        stream.append()
        await hub.wait_for_news(NAME, 0, 60)
        waiting = asyncio.create_task(hub.wait_for_news(NAME, 1, 60))
        await turns()
        assert not waiting.done()
        hub.publish([stream.append()])
        await waiting
        await hub.wait_for_news(NAME, 2, 0.001)
        assert hub.channels == 0

    await play(scene)


async def test_a_long_way_back_goes_in_portions_that_the_receiver_can_take() -> None:
    """From the stream and from memory alike, while the log goes on growing."""

    class Slow(Receiver):
        def __init__(self) -> None:
            super().__init__()
            self.piled = self.most = 0

        def _take(self, push: Push) -> None:
            super()._take(push)
            self.piled += len(push.data)
            self.most = max(self.most, self.piled)

        async def drained(self) -> None:
            self.piled = 0
            await asyncio.sleep(0)

    async def scene(hub: Hub, stream: ModelStream, bus: ModelBus) -> None:
        large = {"body": "x" * 40_000}
        for _ in range(60):
            stream.append(large)
        first = Slow()
        await hub.join(first, NAME, Position(0, EPOCH), first.answer)
        for _ in range(60):
            hub.deliver(stream.append(large))
        second = Slow()
        joining = asyncio.create_task(hub.join(second, NAME, Position(60, EPOCH), second.answer))
        while not joining.done():
            hub.deliver(stream.append({}))
            await asyncio.sleep(0)
        for receiver in (first, second):
            assert receiver.position == len(stream.log)
        assert first.joined is not None
        assert len(first.joined.publications) < 10
        assert second.most < 2 * PORTION + 50_000

    await play(scene)
