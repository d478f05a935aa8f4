"""How many connections an agent has to the other processes, so that their limit holds for all of them together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from channels.names import agent_channel
from channels.redis_broker import RedisBroker
from channels.roster import Roster

UNTOLD = 4
"""Connections of one agent to one process of which the others are not told. Most agents never have more, and connecting
costs them no word with Redis."""


FRESH = 1.0
"""Seconds that an answer counts: a crowd of one agent's connections asks once. What a process lets in too many
meanwhile is bounded by its own count."""

LINGER = 0.05
"""Seconds in which what changes is told together."""


@dataclass(frozen=True, slots=True)
class _Asked:
    at: float
    answer: asyncio.Task[int]


class Elsewhere:
    """A process that ends, in whatever way, takes what it told with it (`channels.roster`)."""

    def __init__(self, broker: RedisBroker, now: Callable[[], float] = time.monotonic) -> None:
        self.roster = Roster(broker, "connections", time.time)
        self.roster.linger = LINGER
        self._broker = broker
        self._now = now
        self._asked: dict[int, _Asked] = {}

    def tell(self, agent_id: int, count: int) -> None:
        """How many connections of an agent this process has now."""
        channel = str(agent_channel(agent_id))
        if count > UNTOLD:
            self.roster.put(channel, self._broker.node, {"count": count})
        else:
            self.roster.remove(channel, self._broker.node)
            self._asked.pop(agent_id, None)

    async def count(self, agent_id: int) -> int:
        """Those that the other processes told of; 0 while Redis is away, and each process counts alone."""
        if not self._broker.connected:
            return 0
        asked, now = self._asked.get(agent_id), self._now()
        if asked is None or now - asked.at >= FRESH:
            asked = self._asked[agent_id] = _Asked(now, asyncio.create_task(self._ask(agent_id)))
        # whoever asked first may go away; the others still wait for the answer
        return asked.answer.result() if asked.answer.done() else await asyncio.shield(asked.answer)

    async def _ask(self, agent_id: int) -> int:
        told = (await self.roster.members(str(agent_channel(agent_id)))).entries
        return sum(entry["count"] for node, entry in told.items() if node != self._broker.node)
