"""Reading a customer's log, live and archived actions alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from channels.action import ActionKind
from channels.errors import InvalidRequest, NotFound
from persistence.database import Database
from persistence.queries import queries
from persistence.rows import actions_shown

SQL = queries("actions")
BEYOND = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ActionPage:
    """`offset` is the customer's latest at the moment of the page, whether or not the page reaches it.

    `items` are the actions as `Action.as_json` shows them, ready for orjson (see `persistence.rows`);
    `assigned_to` tells whose customer it was at that moment, for the permission.
    """

    epoch: str
    offset: int
    assigned_to: int | None
    items: list[dict[str, Any]]


class Actions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        customer_id: int,
        *,
        after: int | None,
        before: int | None,
        limit: int,
        kinds: Sequence[ActionKind] | None,
    ) -> ActionPage:
        """The actions after an offset, ascending; otherwise those before one (or the newest), newest first.

        Raises NotFound for an unknown customer, InvalidRequest where both ends are named.
        """
        if after is not None and before is not None:
            raise InvalidRequest.of("before", "cannot be combined with after")
        name, start = ("after", after) if after is not None else ("before", BEYOND if before is None else before)
        async with self._database.reading_pages() as connection:
            rows = await connection.fetch(SQL[name], customer_id, start, None if kinds is None else list(kinds), limit)
        if not rows:
            raise NotFound(f"there is no customer {customer_id}")
        first = rows[0]
        items = [] if first["id"] is None else actions_shown(rows)
        return ActionPage(first["epoch"], first["top"], first["assigned_to"], items)
