"""The connections of this process, so that they can be counted, limited and ended."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from channels.buckets import Bucket, Verdict
from channels.push import account_signal
from server.auth.authenticate import Caller
from server.auth.directory import DirectoryChange
from server.realtime import codes
from server.realtime.elsewhere import UNTOLD, Elsewhere
from server.realtime.limits import ADMITTED_PER_TURN, RealtimeLimits
from server.realtime.turnstile import Turnstile

if TYPE_CHECKING:
    from server.realtime.session import Session


class Sessions:
    """`elsewhere` knows of the other processes' connections; without it those of this one count alone."""

    def __init__(
        self,
        limits: RealtimeLimits,
        now: Callable[[], float] = time.monotonic,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._limits = limits
        self._now = now
        self._elsewhere = elsewhere
        self.entrance = Turnstile(ADMITTED_PER_TURN)
        self._of_agent: dict[int, dict[Session, UUID | None]] = defaultdict(dict)
        self._buckets: dict[int, Bucket] = {}

    def __len__(self) -> int:
        return sum(len(sessions) for sessions in self._of_agent.values())

    async def admit(self, session: Session, caller: Caller) -> bool:
        """False where the agent has too many connections. Nothing is awaited between the count and the entry."""
        agent_id, others = caller.agent.id, 0
        if self._elsewhere is not None and len(self._of_agent.get(agent_id, ())) >= UNTOLD:
            others = await self._elsewhere.count(agent_id)
        own = self._of_agent[agent_id]
        if len(own) + others >= self._limits.connections_per_agent:
            return False
        own[session] = caller.login_id
        self._tell(agent_id, len(own))
        return True

    def _tell(self, agent_id: int, count: int) -> None:
        if self._elsewhere is not None and count >= UNTOLD:
            self._elsewhere.tell(agent_id, count)

    def renew(self, session: Session, caller: Caller) -> None:
        """The connection's token was refreshed, perhaps by another login of the same agent."""
        own = self._of_agent.get(caller.agent.id)
        if own is not None and session in own:
            own[session] = caller.login_id

    def remove(self, session: Session) -> None:
        if session.caller is None:
            return
        agent_id = session.caller.agent.id
        own = self._of_agent.get(agent_id)
        if own is not None:
            if own.pop(session, self) is not self:  # it was admitted
                self._tell(agent_id, len(own))
            if not own:
                del self._of_agent[agent_id]
                self._buckets.pop(agent_id, None)

    def count_command(self, session: Session) -> Verdict:
        """Counts a command of the connection, and of its agent once that is known."""
        limits = self._limits
        if limits.commands_of_connection is None or limits.commands_of_agent is None:
            return Verdict.PASSED
        now = self._now()
        if session.bucket is None:
            session.bucket = Bucket(limits.commands_of_connection, now)
        verdict = session.bucket.take(limits.commands_of_connection, now)
        if session.caller is None:
            return verdict
        agent_id = session.caller.agent.id
        bucket = self._buckets.get(agent_id)
        if bucket is None:
            bucket = self._buckets[agent_id] = Bucket(limits.commands_of_agent, now)
        return max(verdict, bucket.take(limits.commands_of_agent, now))

    def follow(self, change: DirectoryChange) -> None:
        """Ends the connections of agents who may not connect any more and of logins that ended; tells those whose
        role or name is another now."""
        for agent_id, agent in change.changed.items():
            told = account_signal(agent)
            for session in self._of_agent.get(agent_id, ()):
                session.tell(told)
        for agent_id in change.deactivated:
            for session in tuple(self._of_agent.get(agent_id, ())):
                session.end(codes.FORCED)
        if change.ended_logins:
            for own in tuple(self._of_agent.values()):
                for session, login_id in tuple(own.items()):
                    if login_id in change.ended_logins:
                        session.end(codes.FORCED)

    def agents(self) -> list[int]:
        """The ids of those who are connected to this process."""
        return list(self._of_agent)

    def all(self) -> list[Session]:
        return [session for own in self._of_agent.values() for session in own]
