"""An agent's notices: assignments, mentions and replies, numbered per agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels.errors import InvalidRequest, NotFound
from channels.notice import Notice, NoticeType
from persistence.actions import BEYOND
from persistence.database import Database
from persistence.queries import queries
from persistence.rows import action_from

SQL = queries("notices")


@dataclass(frozen=True, slots=True)
class Concerned:
    """The customer that a notice is about, as it is now."""

    name: str
    assigned_to: int | None


@dataclass(frozen=True, slots=True)
class NoticePage:
    """`offset` is the agent's latest notice at the moment of the page, `read_offset` how far it has read;
    `customers` are those of the items, by id."""

    epoch: str
    offset: int
    read_offset: int
    items: list[Notice]
    customers: Mapping[int, Concerned]


class Notices:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, agent_id: int, *, after: int | None = None, before: int | None = None, limit: int
    ) -> NoticePage:
        """The notices after an offset, ascending; otherwise those before one (or the newest), newest first.

        Raises NotFound for an unknown agent, InvalidRequest where both ends are named.
        """
        if after is not None and before is not None:
            raise InvalidRequest.of("before", "cannot be combined with after")
        name, start = ("after", after) if after is not None else ("before", BEYOND if before is None else before)
        async with self._database.reading() as connection:
            rows = await connection.fetch(SQL[name], agent_id, start, limit)
        if not rows:
            raise NotFound(f"there is no agent {agent_id}")
        first, found = rows[0], [row for row in rows if row["notice_offset"] is not None]
        items = [
            Notice(agent_id, row["notice_offset"], NoticeType(row["notice_type"]), action_from(row), row["noticed_at"])
            for row in found
        ]
        customers = {row["customer_id"]: Concerned(row["customer_name"], row["customer_assigned_to"]) for row in found}
        return NoticePage(first["epoch"], first["top"], first["read_offset"], items, customers)

    async def mark_read(self, agent_id: int, offset: int) -> None:
        """Moves the agent's mark forward: never back, and never beyond the latest notice."""
        async with self._database.reading() as connection:
            await connection.execute(SQL["mark_read"], agent_id, offset)
