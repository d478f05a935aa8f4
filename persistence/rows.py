"""Rows into the vocabulary of `channels`, or straight into what is shown of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

import orjson

from channels.action import Action, ActionKind, Change
from channels.agent import Actor, Agent, Role
from channels.customer import Customer, Priority, Status
from channels.times import rfc3339


class Row(Protocol):
    """What is read of a row; asyncpg's records are no mappings to a type checker."""

    def __getitem__(self, column: str, /) -> Any: ...

    def items(self) -> Iterable[tuple[str, Any]]: ...


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


# Pages hold a hundred rows, of which nothing is wanted but their JSON. These give what `as_json` of the objects would,
# for orjson with OPT_UTC_Z; columns of JSON come as text and stay text.


def customer_shown(row: Row) -> dict[str, Any]:
    """A row of `page` in `sql/customers.sql`, whose columns are the members in their order."""
    shown = dict(row.items())
    del shown["sort_key"]
    shown["fields"] = orjson.Fragment(shown["fields"])
    shown["created_at"] = _shown(shown["created_at"])
    shown["updated_at"] = _shown(shown["updated_at"])
    return shown


def action_shown(row: Row) -> dict[str, Any]:
    """A row of `all_actions` with `actor_name`, and `changes` and `command_id` as text."""
    return {
        "id": row["id"],
        "customer_id": row["customer_id"],
        "offset": row["offset"],
        "kind": row["kind"],
        "actor": {"id": row["actor_id"], "name": row["actor_name"]},
        "body": row["body"],
        "reply_to": row["reply_to"],
        "mentions": row["mentions"],
        "changes": orjson.Fragment(row["changes"]),
        "version": row["version"],
        "command_id": row["command_id"],
        "created_at": _shown(row["created_at"]),
    }


def _shown(moment: datetime) -> datetime | str:
    """orjson leaves microseconds out where there are none; we always have six digits."""
    return moment if moment.microsecond else rfc3339(moment)
