"""Everybody in their places: the world, the scribes with their ways, the viewers, and what is recorded of them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import psutil

from tests.faults.bareviewers import RawViewer, StreamViewer
from tests.faults.history import (
    ClockSeen,
    FaultBegan,
    FaultEnded,
    FinalNotices,
    FinalRead,
    History,
    ListSettled,
    Logged,
)
from tests.faults.lists import ListKeeper, assigned_to_me
from tests.faults.plan import Scale
from tests.faults.rawstream import StreamWays
from tests.faults.scribe import Known, Scribe
from tests.faults.sdkviewer import SdkViewer
from tests.faults.sending import ByBareProtocol, ByHttp, BySdk
from tests.faults.viewers import PollingViewer, Seat, Viewer
from tests.faults.witness import Witness
from tests.faults.world import PATIENCE, Node, World
from tests.ground.eventually import eventually
from tests.ground.proxy import Proxy


@dataclass
class Stage:
    """`doors` are the ways in: of each viewer by its name, and of the scribes by theirs."""

    world: World
    history: History
    known: Known
    scribes: list[Scribe] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)
    doors: dict[str, Proxy] = field(default_factory=dict)
    homes: dict[str, int] = field(default_factory=dict)
    working: int = 0  # scribes that have steps left in this round
    faults: int = 0

    @contextmanager
    def fault(self, kind: str, excused: Sequence[str] = ()) -> Iterator[None]:
        """Records that a fault lasts while the block runs."""
        self.faults += 1
        number = self.faults
        self.history.append(FaultBegan(self.history.clock(), number, kind, tuple(excused)))
        try:
            yield
        finally:
            self.history.append(FaultEnded(self.history.clock(), number))

    def served_by(self, node: Node) -> list[str]:
        """The viewers whose connection leads to a node."""
        return [viewer.name for viewer in self.viewers if self.world.serves(node, self.doors[viewer.name])]

    def send_home(self, node: Node) -> None:
        """Cuts off those whose own node was away and who have stayed at this one since: where it serves everybody,
        nobody is left to write while it cannot."""
        for name, door in self.doors.items():
            if self.world.nodes[self.homes[name]] is not node and self.world.serves(node, door):
                door.cut()

    def served_by_worker(self, node: Node, worker: psutil.Process) -> list[str]:
        """Those whose connection leads to one process of a node. Who polls may come to it at any time."""
        polls = {viewer.name for viewer in self.viewers if isinstance(viewer, PollingViewer)}
        at_node = [name for name in self.served_by(node) if name in polls]
        doors = {viewer.name: self.doors[viewer.name] for viewer in self.viewers if viewer.name not in polls}
        return at_node + [name for name, door in doors.items() if self.world.served_by_worker(node, worker, door)]

    # Conditions that faults wait for; each holds at the latest when the scribes have nothing left to do

    async def until(self, condition: Callable[[], object], what: str) -> None:
        await eventually(lambda: not self.working or condition(), within=PATIENCE, what=what)

    async def until_acknowledged(self, count: int) -> None:
        target = self.known.acknowledged + count
        await self.until(lambda: self.known.acknowledged >= target, f"{count} more writes are acknowledged")

    async def until_attempted(self, count: int) -> None:
        target = self.known.attempted + count
        await self.until(lambda: self.known.attempted >= target, f"{count} more writes are attempted")

    async def until_under_way(self, count: int) -> None:
        await self.until(lambda: len(self.known.under_way) >= count, f"{count} writes are under way")

    async def until_all_have_all(self) -> None:
        """Every viewer follows everything and has seen all that was acknowledged, has every notice of its agent, and
        keeps the list that a fresh page shows."""
        await self._until_nobody(lambda viewer: not viewer.has(self.known.tops), f"customers at {self.known.tops}")
        async with _reader(self.world, self.world.nodes[0]) as client:
            page = (await client.get("/api/notices", params={"limit": 1})).raise_for_status().json()
            customers = await assigned_to_me(client)
        top, rows = page["offset"], {customer["id"]: customer for customer in customers}
        await self._until_nobody(
            lambda viewer: viewer.inbox is not None and not viewer.stands(viewer.inbox, top), f"notices at {top}"
        )
        await self._until_nobody(
            lambda viewer: viewer.keeper is not None and not viewer.keeper.has(rows), f"a list of {sorted(rows)}"
        )
        self.history.append(ListSettled(self.history.clock(), f"work:{self.known.onlooker.id}", customers))

    async def _until_nobody(self, lacks: Callable[[Viewer], bool], what: str) -> None:
        def lacking() -> list[str]:
            return [viewer.name for viewer in self.viewers if lacks(viewer)]

        try:
            await eventually(lambda: not lacking(), within=PATIENCE)
        except AssertionError:
            state = {viewer.name: viewer.state() for viewer in self.viewers if lacks(viewer)}
            raise AssertionError(f"not healed in {PATIENCE} s: {what}, but: {state}") from None


@asynccontextmanager
async def set_up(
    scale: Scale, history: History | None = None, *, cluster: bool = False, workers: int = 1
) -> AsyncIterator[Stage]:
    """Everything running and every viewer following. Without a `history` it is recorded in a new one."""
    history = History(time.monotonic) if history is None else history
    async with World.made(scale.scribes + 1, cluster=cluster, workers=workers) as world, AsyncExitStack() as stack:
        customers = await _customers(world, scale.customers)
        stage = Stage(world, history, Known(history, customers, world.agents[-1], world.agents[0]))
        history.append(await _clocks(world, history))
        await _hire_scribes(stage, stack, scale)
        await _invite_viewers(stage, stack)
        witness = await stack.enter_async_context(Witness.sworn(world.services.database_url, history))
        for viewer in stage.viewers:
            viewer.witness = witness.ask
            stack.push_async_callback(viewer.close)
            await viewer.start()
        await stage.until_all_have_all()
        yield stage


async def _customers(world: World, count: int) -> list[int]:
    ids = []
    async with _reader(world, world.nodes[0]) as client:
        for number in range(count):
            response = await client.post("/api/customers", json={"name": f"Customer {number}", "status": "open"})
            ids.append(response.raise_for_status().json()["id"])
    return ids


@asynccontextmanager
async def _reader(world: World, node: Node) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {world.token(world.agents[-1])}"}
    async with httpx.AsyncClient(base_url=node.url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


async def _clocks(world: World, history: History) -> ClockSeen:
    connection = await asyncpg.connect(world.services.database_url)
    try:
        seen = await connection.fetchval("SELECT clock_timestamp()")
        return ClockSeen(history.clock(), seen.timestamp())
    finally:
        await connection.close()


async def _hire_scribes(stage: Stage, stack: AsyncExitStack, scale: Scale) -> None:
    """Each has three ways, and each way leads to a node of its own choice."""
    world = stage.world
    for number, agent in enumerate(world.agents[: scale.scribes]):
        ways: list[Any] = []
        makers: list[Any] = [ByHttp, BySdk, ByBareProtocol]
        for place, make in enumerate(makers):
            name, home = f"scribe {number} {make.name}", (number + place) % 2
            door = stage.doors[name] = await stack.enter_async_context(world.door(home))
            stage.homes[name] = home
            url = _url(door) if make is ByHttp else _socket_url(door)
            way: Any = make(url, world.token(agent))
            stack.push_async_callback(way.close)
            if isinstance(way, BySdk):
                await way.start()
            ways.append(way)
        stage.scribes.append(Scribe(agent, ways, stage.known))


async def _invite_viewers(stage: Stage, stack: AsyncExitStack) -> None:
    world, history, customers, onlooker = stage.world, stage.history, list(stage.known.customers), stage.known.onlooker
    token, inbox = world.token(onlooker), f"agent:{onlooker.id}"

    async def door(name: str, home: int) -> Proxy:
        stage.doors[name] = made = await stack.enter_async_context(world.door(home))
        stage.homes[name] = home
        return made

    for home, node in enumerate(world.nodes):
        streams = "sse" if home else "stream"
        for kind in ("sdk", "raw", streams, "poll"):
            name = f"{kind} at {node.name}"
            way = await door(name, home)
            if kind == "poll":
                stage.viewers.append(PollingViewer(name, history, customers, _url(way), token))
                continue
            keeper = ListKeeper(name, history, onlooker.id, _url(await door(f"{name}, its list", home)), token)
            stack.push_async_callback(keeper.close)
            seat = Seat(name, history, customers, keeper, inbox, token)
            if kind == "sdk":
                stage.viewers.append(SdkViewer(seat, _socket_url(way), protobuf=home == 1))
            elif kind == "raw":
                stage.viewers.append(RawViewer(seat, _socket_url(way)))
            else:  # its commands go to the other node
                back = await door(f"{name}, its commands", 1 - home)
                stage.viewers.append(StreamViewer(seat, StreamWays(_url(way), _url(back), events=kind == "sse")))


def _url(door: Proxy) -> str:
    return f"http://127.0.0.1:{door.port}"


def _socket_url(door: Proxy) -> str:
    return f"ws://127.0.0.1:{door.port}/connection/websocket"


async def read_finally(stage: Stage) -> None:
    """Adds to the history every customer with its log and the onlooker's notices, read from each node through the front
    door, and what the nodes logged as errors."""
    for node in stage.world.nodes:
        for words in node.errors():
            stage.history.append(Logged(stage.history.clock(), node.name, words))
        async with _reader(stage.world, node) as client:
            for customer_id in stage.known.customers:
                stage.history.append(await _final(client, stage.history, node.name, customer_id))
            notices = await _all(client, "/api/notices")
            stage.history.append(FinalNotices(stage.history.clock(), node.name, stage.known.onlooker.id, notices))


async def _final(client: httpx.AsyncClient, history: History, by: str, customer_id: int) -> FinalRead:
    actions = await _all(client, f"/api/customers/{customer_id}/actions")
    customer = (await client.get(f"/api/customers/{customer_id}")).raise_for_status().json()
    return FinalRead(history.clock(), by, customer_id, customer, actions)


async def _all(client: httpx.AsyncClient, path: str) -> tuple[Any, ...]:
    """Everything that is numbered there, ascending."""
    items: list[Any] = []
    while True:
        query = {"after": len(items), "limit": 100}
        page = (await client.get(path, params=query)).raise_for_status().json()
        items += page["items"]
        if not page["items"]:
            return tuple(items)
