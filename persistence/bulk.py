"""Loading a whole history at once into an empty database: for example data, with COPY.

This is no door for changes: those go through `persistence.recorder`, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.database import Database
from persistence.lending import Connection
from persistence.queries import queries

SQL = queries("bulk")
PATIENCE = 600.0
TOLD_EVERY = 1000

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class History:
    """Rows in the columns of `COLUMNS`, in the order in which they are to lie in the table."""

    agents: Rows
    inboxes: Rows
    customers: Rows
    actions: Rows
    notices: Rows
    read_marks: Rows

    def __len__(self) -> int:
        return sum(len(getattr(self, name)) for name, _, _ in COLUMNS)


COLUMNS = (
    ("agents", "agents", ("id", "username", "name", "role", "password_hash")),
    ("inboxes", "inboxes", ("agent_id", "offset", "read_offset")),
    (
        "customers",
        "customers",
        (
            *("id", "ref", "name", "email", "phone", "status", "priority", "assigned_to", "archived", "fields"),
            *("field_versions", "version", "offset", "created_at", "updated_at"),
        ),
    ),
    (
        "actions",
        "customer_actions",
        (
            *("customer_id", "offset", "kind", "actor_id", "body", "reply_to", "mentions", "changes", "version"),
            *("command_id", "command_fingerprint", "created_at"),
        ),
    ),
    ("notices", "notices", ("agent_id", "offset", "type", "customer_id", "action_offset", "created_at")),
    ("read_marks", "read_marks", ("agent_id", "customer_id", "offset")),
)
"""The fields of History, their tables and the columns of their rows."""


async def is_empty(database: Database) -> bool:
    """Whether nobody has worked with this database yet."""
    async with database.reading() as connection:
        return bool(await connection.fetchval(SQL["is_empty"]))


async def load(database: Database, history: History, on_rows: Callable[[int], None]) -> None:
    """Writes everything in one transaction, so that it is there as a whole or not at all.

    The database must be empty and its role a superuser. `on_rows` is told now and then how many more rows are written.
    """
    async with database.writing() as connection:
        await connection.execute(SQL["prepare"])
        for name, table, columns in COLUMNS:
            await _copy(connection, table, columns, getattr(history, name), on_rows)
        await connection.execute(SQL["count_on"])
        await connection.execute(SQL["analyze"], timeout=PATIENCE)


async def _copy(
    connection: Connection, table: str, columns: Sequence[str], rows: Rows, on_rows: Callable[[int], None]
) -> None:
    def told() -> Iterator[tuple[Any, ...]]:
        for number, row in enumerate(rows, 1):
            yield row
            if number % TOLD_EVERY == 0:
                on_rows(TOLD_EVERY)

    await connection.copy_records_to_table(table, records=told(), columns=list(columns), timeout=PATIENCE)
    on_rows(len(rows) % TOLD_EVERY)
