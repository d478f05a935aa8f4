"""What travels on channels and what calls by RPC answer, described for AsyncAPI.

As with HTTP the messages themselves are made of prepared dictionaries; a test holds live ones against these models.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from channels.customer import Priority, Status
from channels.notice import NoticeType
from server.models import examples
from server.models.examples import shown
from server.models.responses import ActionOut, ActorOut, AgentOut, Answer, CustomerOut, EditingOut, ProblemOut


class ChangedFields(Answer):
    """The fields that the action changed, and no others; `null`: the field, or the key of `fields`, is empty now."""

    ref: str | None = None
    name: str = ""
    email: str | None = None
    phone: str | None = None
    status: Status = Status.NEW
    priority: Priority = Priority.NORMAL
    assigned_to: int | None = None
    archived: bool = False
    fields: dict[str, Any] = Field(default_factory=dict)
    version: int = 0
    updated_at: datetime | None = None


# customer:<id>


class ActionPublished(Answer):
    """A committed action. It is part of the stream: its publication has the action's offset."""

    model_config = shown(
        {
            "type": "action",
            "action": examples.STATUS_CHANGE,
            "customer": {"status": "waiting", "version": 8, "updated_at": "2026-11-23T10:05:00.000000Z"},
        }
    )

    type: Literal["action"]
    action: ActionOut
    customer: ChangedFields


class Typing(Answer):
    """Somebody writes a comment; holds for a few seconds."""

    model_config = shown({"type": "typing", "agent": examples.ACTOR})

    type: Literal["typing"]
    agent: ActorOut


class Editing(EditingOut):
    """Somebody edits these fields (`null`: all of them), and started from this version."""

    model_config = shown({"type": "editing", **examples.EDITING})

    type: Literal["editing"]


class EditingEnded(Answer):
    model_config = shown({"type": "editing_ended", "agent": examples.ACTOR})

    type: Literal["editing_ended"]
    agent: ActorOut


# agent:<id>


class NoticePublished(Answer):
    """Something that concerns the agent; part of the stream."""

    model_config = shown({"type": "mentioned", "customer_id": 42, "action": examples.COMMENT})

    type: NoticeType
    customer_id: int
    action: ActionOut


class Conflict(Answer):
    """`overtaken`: somebody else's commit changed a field that this connection edits. `rejected`: this connection's own
    call was refused; it comes just before the error. Goes to that one connection."""

    model_config = shown(
        {"type": "conflict", "cause": "rejected", "command_id": examples.COMMAND_ID, "problem": examples.CONFLICT}
    )

    type: Literal["conflict"]
    cause: Literal["overtaken", "rejected"]
    command_id: UUID | None
    problem: ProblemOut


class AccountChanged(Answer):
    """The agent's own role or name is another now."""

    model_config = shown({"type": "account", "agent": examples.AGENT})

    type: Literal["account"]
    agent: AgentOut


# work:<agent id>


class WorkShown(Answer):
    """The customer is on the list, or has changed there, by what the actor did."""

    model_config = shown({"type": "upsert", "customer": examples.CUSTOMER, "actor": examples.ACTOR})

    type: Literal["upsert"]
    customer: CustomerOut
    actor: ActorOut


class LeftCustomer(Answer):
    id: int
    offset: int


class WorkLeft(Answer):
    """The customer is not on the list any more."""

    model_config = shown({"type": "remove", "customer": {"id": 42, "offset": 31}})

    type: Literal["remove"]
    customer: LeftCustomer


class WorkUnsure(Answer):
    """Something may have been missed: read the list again."""

    model_config = shown({"type": "refresh"})

    type: Literal["refresh"]


# What calls answer


class ActionResult(Answer):
    model_config = shown({"action": examples.COMMENT})

    action: ActionOut | None = Field(description="Null where nothing had to change.")


class SnapshotResult(Answer):
    """All of one moment: subscribe from this position, and nothing is missed or seen twice."""

    model_config = shown({"customer": examples.CUSTOMER, "offset": 31, "epoch": examples.EPOCH})

    customer: CustomerOut
    offset: int
    epoch: str


class EditBegun(Answer):
    model_config = shown({"expires_at": "2026-11-23T10:06:30.000000Z", "others": []})

    expires_at: datetime = Field(description="Call again before, to renew.")
    others: list[EditingOut]


class Nothing(Answer):
    model_config = shown({})
