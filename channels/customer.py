"""A customer: one case with its fields, its version and the offset of its latest action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from channels.times import rfc3339


class Status(StrEnum):
    """How far the work on a customer has come."""

    NEW = "new"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    """How urgent a customer is; from the lowest to the highest."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


CUSTOM_FIELD = "fields."
"""Prefix of a custom field's name where fields are named: `fields.plan`."""


@dataclass(frozen=True, slots=True)
class Customer:
    """The state of a customer.

    `version` counts field changes, `offset` counts actions; `field_versions` holds, for each field that
    ever changed after creation, the version at which it last changed (custom fields as `fields.<key>`).
    """

    id: int
    ref: str | None
    name: str
    email: str | None
    phone: str | None
    status: Status
    priority: Priority
    assigned_to: int | None
    archived: bool
    fields: Mapping[str, Any]
    version: int
    offset: int
    created_at: datetime
    updated_at: datetime
    field_versions: Mapping[str, int] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """The value of a field by its name; an absent custom field is None."""
        if name.startswith(CUSTOM_FIELD):
            return self.fields.get(name.removeprefix(CUSTOM_FIELD))
        return getattr(self, name)

    def as_json(self) -> dict[str, Any]:
        """The customer as HTTP and realtime show it (contract §4)."""
        return {
            "id": self.id,
            "ref": self.ref,
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "status": self.status,
            "priority": self.priority,
            "assigned_to": self.assigned_to,
            "archived": self.archived,
            "fields": dict(self.fields),
            "version": self.version,
            "offset": self.offset,
            "created_at": rfc3339(self.created_at),
            "updated_at": rfc3339(self.updated_at),
        }
