"""Everything that a request or a session may use, made once by the lifespan and passed around."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channels.hub import Hub
from channels.names import customer_channel
from channels.redis_broker import RedisBroker
from channels.roster import Roster
from persistence.actions import Actions
from persistence.agents import Agents
from persistence.customers import Customers
from persistence.database import Database
from persistence.logins import Logins
from persistence.notices import Notices
from persistence.recorder import Recorder
from persistence.stream import PostgresStream
from server.auth.authenticate import Caller
from server.auth.directory import Directory
from server.auth.passwords import Passwords
from server.auth.provider import Provider
from server.auth.tokens import Tokens
from server.limits import Limits
from server.metrics import Metrics
from server.settings import Settings

if TYPE_CHECKING:
    from server.realtime.door import Outbox
    from server.realtime.editing import Editing
    from server.realtime.elsewhere import Elsewhere
    from server.realtime.emulation import Emulation
    from server.realtime.heartbeat import Heartbeat
    from server.realtime.polls import Polls
    from server.realtime.presence import Presence
    from server.realtime.sessions import Sessions
    from server.vitals import Vitals

DIRECTORY_CHANGED = b"directory"


@dataclass(slots=True)
class Services:
    """Of one process. `draining`: it takes no new work. `failure`: why it stops, where nobody asked it to."""

    settings: Settings
    tasks: asyncio.TaskGroup
    metrics: Metrics
    database: Database
    customers: Customers
    actions: Actions
    agents: Agents
    logins: Logins
    notices: Notices
    stream: PostgresStream
    recorder: Recorder
    broker: RedisBroker
    hub: Hub
    directory: Directory
    tokens: Tokens
    passwords: Passwords
    provider: Provider | None
    limits: Limits
    sessions: Sessions
    elsewhere: Elsewhere
    polls: Polls
    outbox: Outbox
    heartbeat: Heartbeat
    presence: Presence
    editing: Editing
    emulation: Emulation
    vitals: Vitals = field(init=False)  # looks at all of the above
    draining: bool = False
    failure: BaseException | None = None

    @property
    def rosters(self) -> Sequence[Roster]:
        """All that this process keeps in Redis for as long as it lives."""
        told = self.presence, self.editing, self.emulation, self.vitals, self.elsewhere
        return tuple(one.roster for one in told)

    async def announce_directory_change(self) -> None:
        """After a change of accounts or logins: takes effect here before this returns, elsewhere at once."""
        await self.directory.refresh()
        self.broker.control(DIRECTORY_CHANGED)

    async def wait_for_news(self, caller: Caller, customer_id: int, after: int, limit: float) -> None:
        """Returns when the customer has an action after an offset, when the caller's rights change, or after `limit`
        seconds."""
        with self.polls.waiting(caller) as changed:
            await self.hub.wait_for_news(customer_channel(customer_id), after, limit, changed)
