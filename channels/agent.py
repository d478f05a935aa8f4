"""Agents: the people (or bots) who work on customers, and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What an agent's account is; PERMISSIONS says what it allows."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a role allows, beyond working on the customers that one may see."""

    MODERATE_COMMENTS = "comments.moderate"  # edit and delete other agents' comments
    SEE_ALL_CUSTOMERS = "customers.see_all"  # also under VISIBILITY=assigned
    EXPORT = "export"
    OVERSEE = "oversee"  # everybody's work in numbers, and the state of the system
    MANAGE_AGENTS = "agents.manage"


_SUPERVISOR = frozenset(
    {Permission.MODERATE_COMMENTS, Permission.SEE_ALL_CUSTOMERS, Permission.EXPORT, Permission.OVERSEE}
)

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset(),
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: _SUPERVISOR | {Permission.MANAGE_AGENTS},
}


class Visibility(StrEnum):
    """The setting CASEWIRE_VISIBILITY: whose customers an agent may see."""

    ALL = "all"
    ASSIGNED = "assigned"


@dataclass(frozen=True, slots=True)
class Agent:
    """An account, as it was when it was read. An inactive one may do nothing."""

    id: int
    username: str
    name: str
    role: Role = Role.AGENT
    active: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "username": self.username,
            "name": self.name,
            "role": self.role,
            "active": self.active,
        }

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it and the account is active."""
        return self.active and permission in PERMISSIONS[self.role]

    def may_see(self, assigned_to: int | None, visibility: Visibility) -> bool:
        """Whether this agent may see a customer with that assignee: the one rule behind every door."""
        return self.active and (assigned_to is None or assigned_to == self.id or self.sees_all(visibility))

    def sees_all(self, visibility: Visibility) -> bool:
        """Whether this agent may see every customer."""
        return self.active and (visibility is Visibility.ALL or self.may(Permission.SEE_ALL_CUSTOMERS))


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of an action, as shown to readers."""

    id: int
    name: str

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name}
