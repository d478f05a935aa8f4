"""How many connections an agent has to the other processes, so that their limit holds for all of them together."""

from __future__ import annotations

import time

from channels.names import agent_channel
from channels.redis_broker import RedisBroker
from channels.roster import Roster

UNTOLD = 4
"""Connections of one agent to one process of which the others are not told. Most agents never have more, and connecting
costs them no word with Redis."""


class Elsewhere:
    """A process that ends, in whatever way, takes what it told with it (`channels.roster`)."""

    def __init__(self, broker: RedisBroker) -> None:
        self.roster = Roster(broker, "connections", time.time)
        self._broker = broker

    def tell(self, agent_id: int, count: int) -> None:
        """How many connections of an agent this process has now."""
        channel = str(agent_channel(agent_id))
        if count > UNTOLD:
            self.roster.put(channel, self._broker.node, {"count": count})
        else:
            self.roster.remove(channel, self._broker.node)

    async def count(self, agent_id: int) -> int:
        """Those that the other processes told of; 0 while Redis is away, and each process counts alone."""
        if not self._broker.connected:
            return 0
        told = (await self.roster.members(str(agent_channel(agent_id)))).entries
        return sum(entry["count"] for node, entry in told.items() if node != self._broker.node)
