"""An action: one committed fact about a customer, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from channels.agent import Actor
from channels.customer import CUSTOM_FIELD
from channels.times import rfc3339


class ActionKind(StrEnum):
    """What an action did; `CHANGES_FIELDS` says which kinds raise the version."""

    CREATED = "created"
    COMMENT = "comment"
    COMMENT_EDITED = "comment_edited"
    COMMENT_DELETED = "comment_deleted"
    STATUS_CHANGE = "status_change"
    ASSIGNMENT = "assignment"
    UPDATE = "update"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"


CHANGES_FIELDS = frozenset(
    {
        ActionKind.CREATED,
        ActionKind.STATUS_CHANGE,
        ActionKind.ASSIGNMENT,
        ActionKind.UPDATE,
        ActionKind.ARCHIVE,
        ActionKind.UNARCHIVE,
    }
)
"""The kinds that raise the customer's version."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a field was and became; None is a field without a value."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Action:
    """A row of the log.

    `offset` numbers the actions of one customer from 1 without gaps. `version` is the customer's version
    after the action. `reply_to` is the offset of the comment that this one answers; for `comment_edited`
    and `comment_deleted` it is the offset of the comment that they concern.
    """

    id: int
    customer_id: int
    offset: int
    kind: ActionKind
    actor: Actor
    body: str | None
    reply_to: int | None
    mentions: tuple[int, ...]
    changes: Mapping[str, Change]
    version: int
    command_id: UUID | None
    created_at: datetime
    _text: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)

    def json_text(self) -> bytes:
        """`as_json` as text, made once: the author's answer and the publication hold the same."""
        if not self._text:
            self._text.append(orjson.dumps(self.as_json()))
        return self._text[0]

    def as_json(self) -> dict[str, Any]:
        """The action as HTTP and realtime show it (contract §4)."""
        return {
            "id": self.id,
            "customer_id": self.customer_id,
            "offset": self.offset,
            "kind": self.kind,
            "actor": self.actor.as_json(),
            "body": self.body,
            "reply_to": self.reply_to,
            "mentions": list(self.mentions),
            "changes": {name: {"from": c.before, "to": c.after} for name, c in self.changes.items()},
            "version": self.version,
            "command_id": None if self.command_id is None else str(self.command_id),
            "created_at": rfc3339(self.created_at),
        }

    def publication_text(self) -> bytes:
        """What travels on `customer:<id>`, as JSON text: the action, and of the customer just what it changed.

        A function of the action alone, so that a recovered publication equals the one seen live.
        """
        return b'{"type":"action","action":%b,"customer":%b}' % (self.json_text(), orjson.dumps(self._changed()))

    def _changed(self) -> dict[str, Any]:
        if self.kind not in CHANGES_FIELDS:
            return {}
        changed: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        for name, change in self.changes.items():
            if name.startswith(CUSTOM_FIELD):
                fields[name.removeprefix(CUSTOM_FIELD)] = change.after
            else:
                changed[name] = change.after
        if fields:
            changed["fields"] = fields
        return changed | {"version": self.version, "updated_at": rfc3339(self.created_at)}
