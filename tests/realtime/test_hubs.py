"""Several processes on a bus that loses, delays, repeats and reorders, while processes die: a state machine.

Stream, bus and clock are models, since the interleavings are the point. Viewers come back with their position, to
whichever process lives. Each step checks what each viewer saw; in the end everybody has everything, and each list
shows what is true.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from channels.hub import Hub
from channels.names import work_channel
from channels.ports import Position
from channels.push import Push, signal
from tests.realtime.test_hub import EPOCH, NAME, ModelStream, Receiver, turns

ME = 1
WORK = work_channel(ME)


class Clock:
    """Runs what is due when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []

    def later(self, delay: float, function: Callable[..., object], *arguments: Any) -> None:
        self._due.append((self.now + delay, len(self._due), function, arguments))

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = sorted(entry for entry in self._due if entry[0] <= self.now)
        self._due = [entry for entry in self._due if entry[0] > self.now]
        for _, _, function, arguments in due:
            function(*arguments)


class Tasks:
    """Of the processes' hubs: each ends by itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.running: list[asyncio.Task[Any]] = []

    def create_task(self, work: Any, *, name: str) -> asyncio.Task[Any]:
        self.running.append(self._loop.create_task(work, name=name))
        return self.running[-1]

    async def end(self) -> None:
        await asyncio.gather(*self.running)


class Link:
    """A process's end of the bus: what it sends is for all others, in whatever order, perhaps."""

    def __init__(self, bus: list[tuple[int, Push]], node: int) -> None:
        self._bus = bus
        self._node = node
        self.connected = True

    def publish(self, pushes: Any) -> None:
        self._bus.extend((self._node, push) for push in pushes)

    def subscribe(self, _channel: str) -> asyncio.Future[bool]:
        acknowledged: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(True)
        return acknowledged

    def unsubscribe(self, _channel: str) -> None: ...


class ListViewer(Receiver):
    """Shows the offset of the one customer while it is this agent's; reads the truth whenever it is told to."""

    def __init__(self, truth: Callable[[], int | None]) -> None:
        super().__init__(ME)
        self._truth = truth
        self.shown: int | None = None

    def answer(self, joined: Any) -> None:
        self.joined = joined
        self.shown = self._truth()

    def deliver(self, pushes: Sequence[Push]) -> None:
        for push in pushes:
            data = orjson.loads(push.data)
            if data["type"] == "refresh":
                self.shown = self._truth()
            elif data["type"] == "upsert":
                self.shown = max(self.shown or 0, data["customer"]["offset"])
            else:
                self.shown = None


class Processes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stream = ModelStream()
        self.clock = Clock()
        self.bus: list[tuple[int, Push]] = []
        self.numbers = 0
        self.hubs: dict[int, Hub] = {}
        self.viewers: dict[Receiver, int] = {}
        self.lists: dict[ListViewer, int] = {}
        self.owner: int | None = ME
        self.tasks = Tasks(self.loop)
        self.start_process()
        self.start_process()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def start_process(self) -> None:
        self.numbers += 1
        link = Link(self.bus, self.numbers)
        self.hubs[self.numbers] = Hub(EPOCH, link, self.stream, self.tasks, call_later=self.clock.later)

    def node(self, choice: int) -> int:
        return sorted(self.hubs)[choice % len(self.hubs)]

    # What happens

    @rule(choice=st.integers(0, 9), owner=st.sampled_from([None, ME, 2]), told=st.booleans())
    def commit(self, choice: int, owner: int | None, told: bool) -> None:
        """Told: to everybody; otherwise the process dies right after its commit."""
        before, self.owner = self.owner, owner
        node = self.node(choice)
        push = self.stream.append({"n": len(self.stream.log) + 1})
        row = {"id": NAME.id, "offset": push.offset}
        pushes = [push]
        if before is not None and before != owner:
            pushes.append(signal(work_channel(before), {"type": "remove", "customer": row}))
        if owner is not None:
            pushes.append(signal(work_channel(owner), {"type": "upsert", "customer": row}))
        if told:
            self.hubs[node].publish(pushes)
        else:
            self.die(node)
        self.run(turns(3))

    @precondition(lambda self: self.bus)
    @rule(choice=st.integers(0, 50), goal=st.integers(0, 9), again=st.booleans())
    def arrive(self, choice: int, goal: int, again: bool) -> None:
        """A message arrives at a process, which may get it once more later."""
        place = choice % len(self.bus)
        sender, push = self.bus[place]
        node = self.node(goal)
        if node != sender:
            self.hubs[node].deliver(Push.from_bus(push.channel, push.to_bus()))
        if not again:
            self.lose(place)
        self.run(turns(2))

    @precondition(lambda self: self.bus)
    @rule(choice=st.integers(0, 50))
    def lose(self, choice: int) -> None:
        """The bus tells of what it loses where there is no stream to see it by (`channels.numbers`)."""
        _, push = self.bus.pop(choice % len(self.bus))
        if push.channel == str(WORK):
            for hub in self.hubs.values():
                hub.missed(push.channel)

    @rule(choice=st.integers(0, 9))
    def resubscribe(self, choice: int) -> None:
        for channel in (str(NAME), str(WORK)):
            self.hubs[self.node(choice)].missed(channel)
        self.run(turns(3))

    @rule(seconds=st.sampled_from([0.01, 0.05, 0.5]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.run(turns(5))

    @rule(choice=st.integers(0, 9))
    def heal(self, choice: int) -> None:
        self.run(self.hubs[self.node(choice)].reconcile())

    @rule(choice=st.integers(0, 9), since=st.one_of(st.none(), st.integers(0, 5)))
    def come(self, choice: int, since: int | None) -> None:
        viewer = Receiver()
        position = None if since is None else Position(min(since, len(self.stream.log)), EPOCH)
        self.join(viewer, self.node(choice), position)

    @rule(choice=st.integers(0, 9))
    def open_list(self, choice: int) -> None:
        viewer, node = ListViewer(self.truth), self.node(choice)
        self.run(self.hubs[node].join(viewer, WORK, None, viewer.answer))
        self.lists[viewer] = node

    @precondition(lambda self: self.viewers)
    @rule(choice=st.integers(0, 9))
    def leave(self, choice: int) -> None:
        viewer = list(self.viewers)[choice % len(self.viewers)]
        self.hubs[self.viewers.pop(viewer)].leave(viewer, str(NAME))

    @rule(choice=st.integers(0, 9))
    def crash(self, choice: int) -> None:
        self.die(self.node(choice))

    def die(self, node: int) -> None:
        """Its viewers go on elsewhere from where they were; the survivors hear of it; another takes its place."""
        dead = self.hubs.pop(node)  # what it still does in the model reaches nobody
        self.start_process()
        for hub in self.hubs.values():
            hub.refresh_lists()
        for viewer in [viewer for viewer, at in self.viewers.items() if at == node]:
            dead.leave(viewer, str(NAME))
            viewer.joined = None
            self.join(viewer, self.node(node), Position(viewer.position, EPOCH))
        for shown in [shown for shown, at in self.lists.items() if at == node]:
            dead.leave(shown, str(WORK))
            self.lists[shown] = self.node(node)
            self.run(self.hubs[self.lists[shown]].join(shown, WORK, None, shown.answer))

    def join(self, viewer: Receiver, node: int, position: Position | None) -> None:
        self.run(self.hubs[node].join(viewer, NAME, position, viewer.answer))
        self.viewers[viewer] = node

    def truth(self) -> int | None:
        return len(self.stream.log) if self.owner == ME and self.stream.log else None

    # What must hold

    @invariant()
    def nobody_is_ahead_of_the_truth(self) -> None:
        for viewer in self.viewers:
            assert viewer.position <= len(self.stream.log)

    def teardown(self) -> None:
        try:
            while self.bus:
                self.arrive(0, 0, False) if len(self.bus) % 3 else self.lose(0)
            for hub in self.hubs.values():
                self.run(hub.reconcile())
            self.clock.advance(1)
            self.run(turns(50))
            for viewer in self.viewers:
                assert viewer.position == len(self.stream.log), "everybody ends with everything"
            for shown in self.lists:
                assert shown.shown == self.truth(), "each list shows what is true"
        finally:
            self.run(self.tasks.end())
            self.loop.close()


Processes.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestProcesses = Processes.TestCase
