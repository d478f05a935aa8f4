"""What the server answers, described for OpenAPI.

The answers themselves are made of prepared dictionaries, which are not validated again; a test holds
them against these models.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from channels.action import ActionKind
from channels.agent import Permission, Role, Visibility
from channels.customer import Priority, Status
from channels.notice import NoticeType
from server.models import examples
from server.models.examples import shown


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ActorOut(Answer):
    id: int
    name: str


class AgentOut(Answer):
    model_config = shown(examples.AGENT)

    id: int
    username: str
    name: str
    role: Role
    active: bool


class AgentsOut(Answer):
    model_config = shown(examples.AGENTS)

    items: list[AgentOut]


class MeOut(AgentOut):
    model_config = shown(examples.ME)

    permissions: list[Permission]
    visibility: Visibility = Field(description="Whose customers agents see; permissions may widen it.")


class TokenOut(Answer):
    model_config = shown(examples.TOKENS)

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds.")
    agent: AgentOut


class ChangeOut(Answer):
    before: Any = Field(alias="from")
    after: Any = Field(alias="to")


class ActionOut(Answer):
    model_config = shown(examples.COMMENT)

    id: int
    customer_id: int
    offset: int = Field(description="Its number within the customer: 1, 2, 3, … without gaps, in commit order.")
    kind: ActionKind
    actor: ActorOut
    body: str | None
    reply_to: int | None = Field(description="The comment that this one answers, edits or deletes.")
    mentions: list[int]
    changes: dict[str, ChangeOut]
    version: int = Field(description="The customer's version after this action.")
    command_id: UUID | None
    created_at: datetime


class CustomerOut(Answer):
    model_config = shown(examples.CUSTOMER)

    id: int
    ref: str | None
    name: str
    email: str | None
    phone: str | None
    status: Status
    priority: Priority
    assigned_to: int | None
    archived: bool
    fields: dict[str, Any]
    version: int = Field(description="Counts the field changes.")
    offset: int = Field(description="The offset of the latest action.")
    created_at: datetime
    updated_at: datetime


class ListedCustomerOut(CustomerOut):
    model_config = shown(examples.LISTED)

    unread: int = Field(description="Actions after those that the caller has read, or did when all before was read.")


class CustomersOut(Answer):
    model_config = shown(examples.CUSTOMERS)

    items: list[ListedCustomerOut]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last one.")


class CountsOut(Answer):
    model_config = shown(examples.COUNTS)

    new: int
    open: int
    in_progress: int
    waiting: int
    resolved: int
    closed: int


class ChangedOut(Answer):
    model_config = shown(examples.CHANGED)

    customer: CustomerOut | None = Field(description="Null only where a replay concerns a customer now out of sight.")
    action: ActionOut | None = Field(description="Null where nothing had to change.")


class ActionsOut(Answer):
    model_config = shown(examples.ACTIONS)

    epoch: str = Field(description="The identity of the log; offsets of another epoch mean nothing here.")
    offset: int = Field(description="The customer's latest offset.")
    items: list[ActionOut]


class EditingOut(Answer):
    agent: ActorOut
    fields: list[str] | None = Field(description="Null stands for all of them.")
    base_version: int
    expires_at: datetime


class ViewerOut(Answer):
    agent: ActorOut
    client: str = Field(description="The realtime connection, as joins and leaves name it.")


class PresenceOut(Answer):
    model_config = shown(examples.PRESENCE)

    complete: bool = Field(description="False while only those connected to the answering process are known.")
    viewing: list[ViewerOut]
    editing: list[EditingOut]


class NoticeOut(Answer):
    offset: int
    type: NoticeType
    customer_id: int
    customer_name: str | None = Field(description="Null where the caller may not see the customer any more.")
    action: ActionOut
    created_at: datetime


class NoticesOut(Answer):
    model_config = shown(examples.NOTICES)

    epoch: str
    offset: int = Field(description="The agent's latest notice.")
    read_offset: int = Field(description="The latest notice that was marked as read.")
    items: list[NoticeOut]


class ProblemOut(BaseModel):
    """RFC 9457; some problems have further members (see their pages)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


class ProblemMeaningOut(Answer):
    model_config = shown(examples.MEANING)

    type: str
    title: str
    status: int
    meaning: str
    remedy: str


class BulkResultOut(Answer):
    customer_id: int
    status: int = Field(description="The status that a single request would have had.")
    customer: CustomerOut | None = None
    action: ActionOut | None = None
    problem: ProblemOut | None = None


class BulkOut(Answer):
    model_config = shown(examples.BULK)

    items: list[BulkResultOut]


class StateOut(Answer):
    model_config = shown(examples.STATE)

    status: str


class WorkOut(Answer):
    agent_id: int | None = Field(description="Null for the customers that nobody has.")
    online: bool = Field(description="Holds a realtime connection.")
    counts: CountsOut


class WorkloadOut(Answer):
    model_config = shown(examples.WORKLOAD)

    complete: bool = Field(description="False while only those connected to the answering process are known as online.")
    items: list[WorkOut]


class ReadingOut(Answer):
    """How much of what there is, and happens per second."""

    connections: int
    channels: int
    writes_per_second: float
    conflicts_per_second: float = Field(description="Edits that met another one, and comments held back.")
    healed_per_second: float = Field(description="Publications that came from PostgreSQL, because the bus lost them.")
    healing_lag_seconds: float = Field(description="Since the open channels were last compared with PostgreSQL.")
    requests_per_second: float
    pool_open: int
    pool_busy: int
    pool_max: int
    waiting_writes: int


class ProcessOut(ReadingOut):
    node: str
    pid: int
    version: str
    started_at: datetime
    redis_connected: bool
    request_p95_seconds: float | None


class SystemTotalsOut(ReadingOut):
    agents_online: int
    redis_connected: int = Field(description="Processes whose bus is subscribed.")
    processes: int
    nodes: int
    request_p50_seconds: float | None = Field(description="Half of the last minute's requests took no longer.")
    request_p95_seconds: float | None
    request_p99_seconds: float | None


class SystemSeriesOut(Answer):
    """One number per tick, the newest last; null where no process told anything."""

    connections: list[int | None]
    channels: list[int | None]
    writes_per_second: list[float | None]
    conflicts_per_second: list[float | None]
    healed_per_second: list[float | None]
    healing_lag_seconds: list[float | None]
    requests_per_second: list[float | None]
    request_p95_seconds: list[float | None]
    pool_open: list[int | None]
    pool_busy: list[int | None]
    waiting_writes: list[int | None]


class SystemOut(Answer):
    model_config = shown(examples.SYSTEM)

    at: datetime
    complete: bool = Field(description="False while Redis is away: then only the answering process is in it.")
    redis_seconds: float | None = Field(description="How long Redis took to answer just now.")
    tick_seconds: int
    ends_at: int = Field(description="When the newest tick began, in seconds since 1970.")
    totals: SystemTotalsOut
    series: SystemSeriesOut
    processes: list[ProcessOut]
