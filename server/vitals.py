"""The vital signs of one process: sampled every few seconds, kept for minutes, told to all processes through Redis.

What travels is compact: names and lists of numbers, one number for each tick. Ticks are counted from 1970, so that
those of several processes can be added up (see `server.system`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from channels.roster import Members, Roster
from channels.times import rfc3339
from server.services import Services
from server.version import VERSION

EVERY = 5
"""Seconds from one tick to the next."""

KEPT = 60
"""Ticks that are kept: five minutes."""

PLACE = "processes"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a process has counted since its start. `requests`: how many took how long, by the metrics' buckets."""

    writes: int
    conflicts: int
    healed: int
    requests: Sequence[int]


@dataclass(frozen=True, slots=True)
class Sample:
    """One tick: what there was at its end, and what happened in the seconds since the one before. `lag` in seconds."""

    tick: int
    seconds: float
    connections: int
    channels: int
    writes: int
    conflicts: int
    healed: int
    lag: float
    pool: int
    busy: int
    waiting: int
    requests: Sequence[int]


class Vitals:
    """Call `healed` whenever the open channels were compared with PostgreSQL; `run` does the rest."""

    def __init__(self, services: Services, roster: Roster) -> None:
        self._services = services
        self.roster = roster
        self._process = uuid4().hex
        self._started = datetime.now(UTC)
        self._healed = time.monotonic()
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._before, self._taken = self._totals(), time.monotonic()

    def healed(self) -> None:
        """Starts the clock of the healing lag anew."""
        self._healed = time.monotonic()

    async def run(self) -> None:
        """Tells at each tick how the process is; ends only by cancellation."""
        while True:
            self.tell(int(time.time() // EVERY))
            await asyncio.sleep(EVERY - time.time() % EVERY)  # reason: all processes tell at the same second

    def tell(self, tick: int) -> None:
        """Takes the sample of a tick. A process that was held up for several of them has one for all."""
        if self._samples and tick == self._samples[-1].tick:
            return
        self._samples.append(self._sample(tick))
        self.roster.put(PLACE, self._process, self._entry())

    async def everybody(self) -> Members:
        """The entries of all processes by name; only this one's while Redis is away."""
        return await self.roster.members(PLACE)

    def _entry(self) -> Mapping[str, Any]:
        samples = [asdict(sample) for sample in self._samples]
        return {
            "node": socket.gethostname(),
            "pid": os.getpid(),
            "version": VERSION,
            "started_at": rfc3339(self._started),
            "redis": self._services.broker.connected,
            "agents": self._services.sessions.agents(),
            "pool_max": self._services.database.limit,
            "series": {name: [sample[name] for sample in samples] for name in samples[0]},
        }

    def _sample(self, tick: int) -> Sample:
        services, before, now = self._services, self._before, self._totals()
        since, self._taken = self._taken, time.monotonic()
        self._before = now
        return Sample(
            tick=tick,
            seconds=round(max(self._taken - since, 0.001), 3),
            connections=len(services.sessions),
            channels=services.hub.channels,
            writes=now.writes - before.writes,
            conflicts=now.conflicts - before.conflicts,
            healed=now.healed - before.healed,
            lag=round(self._taken - self._healed, 3),
            pool=services.database.size,
            busy=services.database.size - services.database.idle,
            waiting=services.recorder.waiting,
            requests=[after - first for after, first in zip(now.requests, before.requests, strict=True)],
        )

    def _totals(self) -> Totals:
        metrics = self._services.metrics
        written, conflicts = metrics.outcomes()
        return Totals(written, conflicts, self._services.hub.healed, metrics.durations())
