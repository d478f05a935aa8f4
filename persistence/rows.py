"""Rows into the vocabulary of `channels`, or straight into what is shown of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from orjson import Fragment

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


# Pages hold a hundred rows, of which nothing is wanted but their JSON. These give what `as_json` of the objects would,
# for orjson: times, ids of commands and columns of JSON come as text and stay text. Rows are taken apart by the order
# of their columns, which is that of the named queries. A page of a log is not even rows: it comes as the values of all
# of them in one text, already as JSON has them, between which the names of the members are put.


def customers_shown(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows of `page_by_…` in `sql/customers.sql`."""
    return [
        {
            "id": customer_id,
            "ref": ref,
            "name": name,
            "email": email,
            "phone": phone,
            "status": status,
            "priority": priority,
            "assigned_to": assigned_to,
            "archived": archived,
            "fields": Fragment(fields),
            "version": version,
            "offset": offset,
            "created_at": created_at,
            "updated_at": updated_at,
            "unread": unread,
        }
        for (
            customer_id,
            ref,
            name,
            email,
            phone,
            status,
            priority,
            assigned_to,
            archived,
            fields,
            version,
            offset,
            created_at,
            updated_at,
            unread,
            _,
        ) in rows
    ]


def actions_text(customer_id: int, cells: bytes, actors: bytes) -> bytes:
    """Actions as the members of a JSON array, from the cells and actors of a row of `sql/actions.sql`."""
    values = cells.split(b"\t")
    known = actors.split(b"\t")
    shown = dict(zip(known[0::2], known[1::2], strict=True))
    labels = (
        b'Z"},{"id":',
        b',"customer_id":%d,"offset":' % customer_id,
        b',"kind":"',
        b'","actor":',
        b',"body":',
        b',"reply_to":',  # with mentions
        b',"changes":',
        b',"version":',
        b',"command_id":"',
        b'","created_at":',
    )
    actor, width = 3, len(labels)
    values[actor::width] = [shown[actor_id] for actor_id in values[actor::width]]
    values[width - 1 :: width] = [
        moment[:-7] if len(moment) == 34 else _in_microseconds(moment) for moment in values[width - 1 :: width]
    ]
    text = [b""] * (2 * len(values))
    text[0::2] = labels * (len(values) // width)
    text[1::2] = values
    return b"".join(text).removeprefix(b'Z"},') + b'Z"}'


def _in_microseconds(moment: bytes) -> bytes:
    """`"2026-11-23T10:05:00.12+00:00"`, as PostgreSQL leaves out zeros, with all of them and without its end."""
    whole = moment[:-7]
    return (whole if b"." in whole else whole + b".").ljust(27, b"0")
