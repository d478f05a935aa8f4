"""The fleet: the servers in use. It finds them, keeps a lane and a pipe to each, and knows which serves a key.

Whatever makes the servers' places doubtful (a lost connection, a refused command, a channel that was taken from
us) leads to asking anew; whatever was moved is subscribed anew, and every acknowledgement is told to the listener.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import structlog

from channels.broker.address import Endpoint, Kind, RedisAddress
from channels.broker.connection import UNAVAILABLE
from channels.broker.doubts import Doubts
from channels.broker.lane import RETRY_DELAYS, Lane, Listener
from channels.broker.pipe import OUTGOING, Errand, Pipe
from channels.broker.topology import Layout, topology_of

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds after which Sentinel or the cluster is asked although nothing seems wrong: an old master may not know."""

PAUSES = (0.05, 0.1, 0.25, 0.5)
"""Seconds between two looks at least, while there is doubt."""


class Fleet:
    """Works while `run` does. All other methods are synchronous."""

    def __init__(self, address: RedisAddress, listener: Listener) -> None:
        self._address = address
        self._listener = listener
        self._topology = topology_of(address)
        self._layout: Layout | None = None
        self._keys: dict[bytes, Lane | None] = {}
        self._lanes: dict[Endpoint, Lane] = {}
        self._pipes: dict[Endpoint, Pipe] = {}
        self._running: dict[Lane | Pipe, asyncio.Task[None]] = {}
        self._home: Endpoint | None = None
        self.dropped = 0
        """Messages that no server took, as far as is known."""
        self.doubts = Doubts(watched=address.kind is Kind.SENTINEL)
        self.doubtful = asyncio.Event()
        """Set when there is something to tell of `doubts`."""
        self._doubt = asyncio.Event()
        self._homeless: deque[Errand] = deque(maxlen=OUTGOING)
        self.found = asyncio.Event()
        """Set once the servers are known."""
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def connected(self) -> bool:
        """Whether every channel has a server that it is connected to."""
        lanes = self._lanes.values()
        return self._layout is not None and all(self._keys.values()) and all(lane.connected for lane in lanes)

    @property
    def followed(self) -> Collection[bytes]:
        return self._keys.keys()

    def is_promising(self, key: bytes) -> bool:
        """Whether an acknowledgement can be expected soon: its server is connected, or is just being."""
        lane = self._keys.get(key)
        return lane is not None and not lane.failed

    def subscribe(self, key: bytes) -> None:
        self._keys[key] = None
        self._place(key)

    def unsubscribe(self, key: bytes) -> None:
        lane = self._keys.pop(key, None)
        if lane is not None:
            lane.remove(key)

    def publish(
        self, key: bytes, payload: bytes, done: asyncio.Future[Any] | None = None, *, again: bool = False
    ) -> None:
        """`again`: whether to try once more where the channel has moved to another server. Whoever waits for `done`
        is told of a failure; every other one is a doubt."""
        word = "SPUBLISH" if self._layout is not None and self._layout.sharded else "PUBLISH"
        errand = Errand((word, key, payload), key, done, redirected=not again, failed=None if done else self._drop)
        if done is None:
            self.doubts.sent(key)
        self._put(errand, self._server_of_channel(key))

    def ask(self, errand: Errand) -> None:
        self._put(errand, None if self._layout is None else self._layout.owner(errand.key))

    def _drop(self, key: bytes) -> None:
        self.dropped += 1
        self.doubts.failed(key)
        self.doubtful.set()

    def suspect(self) -> None:
        self._doubt.set()

    # Finding the servers

    async def run(self) -> None:
        """Ends by cancellation alone."""
        failures = doubts = 0
        async with asyncio.TaskGroup() as self._tasks:
            while True:
                self._doubt.clear()
                try:
                    layout = await self._topology.discover()
                except UNAVAILABLE as error:
                    if not failures:
                        log.warning("nobody tells where redis is", error=str(error) or type(error).__name__)
                    await asyncio.sleep(RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)])  # reason: nobody answers
                    failures += 1
                    self._give_up_homeless()
                    continue
                failures = 0
                self._use(layout)
                self.found.set()
                await asyncio.sleep(PAUSES[min(doubts, len(PAUSES) - 1)])  # reason: no flood of looks
                # whoever doubts again and again may be refused for another reason, such as rights that are missing
                doubts = doubts + 1 if self._doubt.is_set() else 0
                with suppress(TimeoutError):
                    async with asyncio.timeout(None if self._address.kind is Kind.SINGLE else LOOK_EVERY):
                        await self._doubt.wait()

    def _use(self, layout: Layout) -> None:
        moved = layout != self._layout
        if moved:
            if self._layout is not None:
                log.info("the servers of redis have changed", masters=[str(master) for master in layout.masters])
                self.doubts.changed()
                self.doubtful.set()
            self._layout = layout
            self._drop_gone(layout)
        else:
            self.doubts.confirm()
        if self._choose_home(layout) or moved:
            for key in self._keys:
                self._place(key)
        for lane in self._lanes.values():
            lane.repeat()
        homeless, self._homeless = self._homeless, deque(maxlen=OUTGOING)
        for errand in homeless:
            self._put(errand, layout.owner(errand.key))

    def _drop_gone(self, layout: Layout) -> None:
        for endpoint, lane in tuple(self._lanes.items()):
            if endpoint not in layout.masters or lane.sharded != layout.sharded:
                del self._lanes[endpoint]
                self._stop(lane)
        for endpoint, pipe in tuple(self._pipes.items()):
            if endpoint not in layout.masters:
                del self._pipes[endpoint]
                self._stop(pipe)

    def _choose_home(self, layout: Layout) -> bool:
        """The node for all messages of a cluster without shards of channels. True where it is another now."""
        before = self._home
        lane = None if before is None else self._lanes.get(before)
        if before in layout.masters and not (lane is not None and lane.failed):
            return False
        others = [master for master in layout.masters if master != before]
        self._home = random.choice(others or list(layout.masters))  # noqa: S311 # reason: no secret
        return self._home != before

    def _server_of_channel(self, key: bytes) -> Endpoint | None:
        if self._layout is None:
            return None
        return self._layout.owner(key) if self._layout.sharded else self._home

    # Using them

    def _place(self, key: bytes) -> None:
        """Subscribes a channel where it belongs now."""
        before = self._keys[key]
        endpoint = self._server_of_channel(key)
        if before is not None and before.endpoint == endpoint and self._lanes.get(before.endpoint) is before:
            return
        if before is not None:
            before.remove(key)
        lane = self._keys[key] = None if endpoint is None else self._lane(endpoint)
        if lane is not None:
            lane.add(key)

    def _lane(self, endpoint: Endpoint) -> Lane:
        lane = self._lanes.get(endpoint)
        if lane is None:
            sharded = self._layout is not None and self._layout.sharded
            lane = self._lanes[endpoint] = Lane(endpoint, self._address, self._listener, sharded=sharded)
            self._start(lane)
        return lane

    def _put(self, errand: Errand, endpoint: Endpoint | None) -> None:
        if endpoint is None or self._tasks is None:
            errand.settle(ConnectionError("no server of redis is known for this"))
            return
        pipe = self._pipes.get(endpoint)
        if pipe is None:
            pipe = self._pipes[endpoint] = Pipe(endpoint, self._address, self._elsewhere, self.suspect)
            self._start(pipe)
        pipe.put(errand)

    def _elsewhere(self, errand: Errand) -> None:
        self._homeless.append(errand)
        self.suspect()

    def _give_up_homeless(self) -> None:
        for errand in self._homeless:
            errand.settle(ConnectionError("no server of redis is known for this"))
        self._homeless.clear()

    def _start(self, part: Lane | Pipe) -> None:
        assert self._tasks is not None  # noqa: S101 # reason: there is no layout before `run`
        self._running[part] = self._tasks.create_task(part.run(), name=f"redis {part.endpoint}")

    def _stop(self, part: Lane | Pipe) -> None:
        self._running.pop(part).cancel()
