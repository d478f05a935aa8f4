"""The directory: all agents, and the logins that ended, in memory. Authentication asks no database.

It is read again every second, at once after a change made here, and when another process tells of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from channels.agent import Agent
from server.auth.tokens import ACCESS_TTL

if TYPE_CHECKING:
    from persistence.agents import Agents
    from persistence.logins import Logins

REMEMBERED = ACCESS_TTL + timedelta(minutes=5)
"""How long an ended login is remembered: until its access tokens have expired, with room for odd clocks."""


@dataclass(frozen=True, slots=True)
class DirectoryChange:
    """What a refresh found: agents who may no longer connect, agents whose role or name is another now
    (as they are now), and logins that ended."""

    deactivated: frozenset[int]
    changed: Mapping[int, Agent]
    ended_logins: frozenset[UUID]

    def __bool__(self) -> bool:
        return bool(self.deactivated or self.changed or self.ended_logins)


Listener = Callable[[DirectoryChange], None]


class Directory:
    """Call `refresh` before the first question."""

    def __init__(self, agents: Agents, logins: Logins, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._source = agents
        self._logins = logins
        self._now = now
        self._agents: dict[int, Agent] = {}
        self._ids: dict[str, int] = {}
        self._ended: frozenset[UUID] = frozenset()
        self._listeners: list[Listener] = []
        self._refreshing = asyncio.Lock()

    def agent(self, agent_id: int) -> Agent | None:
        """Deactivated agents as well."""
        return self._agents.get(agent_id)

    def by_username(self, username: str) -> Agent | None:
        """Deactivated agents as well; None for a name that nobody has."""
        agent_id = self._ids.get(username)
        return None if agent_id is None else self._agents[agent_id]

    def everyone(self) -> list[Agent]:
        """All agents by username, deactivated ones as well."""
        return sorted(self._agents.values(), key=lambda agent: agent.username)

    def is_revoked(self, login_id: UUID) -> bool:
        """Whether the login was ended, so that its tokens are good for nothing."""
        return login_id in self._ended

    def on_change(self, listener: Listener) -> None:
        """`listener` is called, synchronously, after each refresh that found a change."""
        self._listeners.append(listener)

    async def refresh(self) -> None:
        """Reads the accounts again; raises DatabaseUnavailable and then keeps what was known."""
        async with self._refreshing:  # so that an older answer never replaces a newer one
            agents = {agent.id: agent for agent in await self._source.list()}
            ended = frozenset(await self._logins.revoked_since(self._now() - REMEMBERED))
            change = self._difference(agents, ended)
            self._agents = agents
            self._ids = {agent.username: agent.id for agent in agents.values()}
            self._ended = ended
        if change:
            for listener in self._listeners:
                listener(change)

    def _difference(self, agents: Mapping[int, Agent], ended: frozenset[UUID]) -> DirectoryChange:
        before = self._agents
        gone = {i for i, old in before.items() if old.active and (i not in agents or not agents[i].active)}
        changed = {i: new for i, new in agents.items() if i in before and new != before[i] and i not in gone}
        return DirectoryChange(frozenset(gone), changed, ended - self._ended)
