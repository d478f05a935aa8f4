"""Conflicts, as documents: what changed since the caller's base, by whom, and the current state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from channels.action import Action
from channels.agent import Actor
from channels.customer import Customer


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field that changed since the base.

    `base` is its value at the base version, `yours` what the caller wanted (None where nothing was
    submitted yet), `theirs` the current value; `actor` and `offset` tell of its latest change.
    """

    field: str
    base: Any
    yours: Any
    theirs: Any
    actor: Actor
    offset: int

    def as_json(self) -> dict[str, Any]:
        """A member of `conflicts` in the 409 document."""
        return {
            "field": self.field,
            "base": self.base,
            "yours": self.yours,
            "theirs": self.theirs,
            "actor": {"id": self.actor.id, "name": self.actor.name},
            "offset": self.offset,
        }


@dataclass(frozen=True, slots=True)
class EditConflictDocument:
    """The members of the 409 document of an edit; the faces add `type`, `title`, `status`."""

    detail: str
    base_version: int | None
    conflicts: Sequence[FieldConflict]
    customer: Customer
    actions: Sequence[Action]

    def as_json(self) -> dict[str, Any]:
        """The document's own members, without those that every problem has."""
        return {
            "customer_id": self.customer.id,
            "base_version": self.base_version,
            "current_version": self.customer.version,
            "conflicts": [conflict.as_json() for conflict in self.conflicts],
            "customer": self.customer.as_json(),
            "actions": [action.as_json() for action in self.actions],
        }


@dataclass(frozen=True, slots=True)
class UnseenActionsDocument:
    """The members of the 409 document of a comment that was written without having seen the latest."""

    detail: str
    customer: Customer
    seen_offset: int
    actions: Sequence[Action]

    def as_json(self) -> dict[str, Any]:
        """The document's own members, without those that every problem has."""
        return {
            "customer_id": self.customer.id,
            "seen_offset": self.seen_offset,
            "current_offset": self.customer.offset,
            "customer": self.customer.as_json(),
            "actions": [action.as_json() for action in self.actions],
        }
