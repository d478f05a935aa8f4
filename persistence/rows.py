"""Rows into the vocabulary of `channels`."""

from __future__ import annotations

from typing import Any, Protocol

from channels.action import Action, ActionKind, Change
from channels.agent import Actor, Agent, Role
from channels.customer import Customer, Priority, Status


class Row(Protocol):
    """What is read of a row; asyncpg's records are no mappings to a type checker."""

    def __getitem__(self, column: str, /) -> Any: ...


def agent_from(row: Row) -> Agent:
    return Agent(row["id"], row["username"], row["name"], Role(row["role"]), row["active"])


def customer_from(row: Row) -> Customer:
    return Customer(
        id=row["id"],
        ref=row["ref"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        status=Status(row["status"]),
        priority=Priority(row["priority"]),
        assigned_to=row["assigned_to"],
        archived=row["archived"],
        fields=row["fields"],
        version=row["version"],
        offset=row["offset"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        field_versions=row["field_versions"],
    )


def action_from(row: Row) -> Action:
    """A row of `all_actions` joined with its actor's name as `actor_name`."""
    return Action(
        id=row["id"],
        customer_id=row["customer_id"],
        offset=row["offset"],
        kind=ActionKind(row["kind"]),
        actor=Actor(row["actor_id"], row["actor_name"]),
        body=row["body"],
        reply_to=row["reply_to"],
        mentions=tuple(row["mentions"]),
        changes={name: Change(change["from"], change["to"]) for name, change in row["changes"].items()},
        version=row["version"],
        command_id=row["command_id"],
        created_at=row["created_at"],
    )
