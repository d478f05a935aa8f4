"""One clock for all connections: who needs attention is looked at when it is due, many in one go.

A timer of its own for each ping, pong and deadline of each connection would cost more memory than the rest
of a connection's state.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

RESOLUTION = 0.1
"""Seconds between two looks; everything is done at most so much too late."""

NEVER = math.inf


class Watched(Protocol):
    slot: int | None
    """Where the heartbeat keeps it. None: nowhere."""

    def due(self) -> float:
        """When it needs the next look, on the heartbeat's clock; NEVER for not at all."""
        ...

    def look(self, now: float) -> None:
        """Does what is due by now. Does not raise."""
        ...


class Heartbeat:
    """`now` is the clock. Beats by itself once `run` is a task; a test calls `beat`."""

    def __init__(self, now: Callable[[], float], resolution: float = RESOLUTION) -> None:
        self.now = now
        self._resolution = resolution
        self._slots: defaultdict[int, dict[Watched, None]] = defaultdict(dict)
        self._done = self._slot(now())

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._resolution)  # reason: the wheel of all pings
            self.beat()

    def watch(self, watched: Watched) -> None:
        """To be called whenever `due` may have changed."""
        due = watched.due()
        slot = None if due == NEVER else max(self._slot(due), self._done) + 1
        if slot == watched.slot:
            return
        self.forget(watched)
        if slot is not None:
            self._slots[slot][watched] = None
            watched.slot = slot

    def forget(self, watched: Watched) -> None:
        slot, watched.slot = watched.slot, None
        if slot is not None:
            watching = self._slots.get(slot)
            if watching is not None:
                watching.pop(watched, None)
                if not watching:
                    del self._slots[slot]

    def beat(self) -> None:
        """Looks at everything that is due."""
        now = self.now()
        last = self._slot(now)
        if last - self._done > len(self._slots):  # the process stood still, or has little to do
            due = sorted(slot for slot in self._slots if slot <= last)
        else:
            due = [slot for slot in range(self._done + 1, last + 1) if slot in self._slots]
        self._done = max(last, self._done)
        for slot in due:
            for watched in tuple(self._slots.pop(slot, ())):
                if watched.slot != slot:
                    continue  # another one's end took it away meanwhile
                watched.slot = None
                watched.look(now)
                if watched.slot is None:
                    self.watch(watched)

    def _slot(self, moment: float) -> int:
        return int(moment / self._resolution)
