"""Reading a customer's log, live and archived actions alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from channels.action import ActionKind
from channels.errors import InvalidRequest, NotFound
from persistence.database import Database
from persistence.queries import queries
from persistence.rows import actions_text

AFTER = queries("actions")["after"]
"""The page of what follows an offset, oldest first."""

BEFORE = AFTER.replace('a."offset" > $2', 'a."offset" < $2').replace('ORDER BY a."offset"', 'ORDER BY a."offset" DESC')
"""The same the other way round: the page of what precedes an offset, newest first."""

BEYOND = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ActionPage:
    """`offset` is the customer's latest at the moment of the page, whether or not the page reaches it.

    `text` are the actions as `Action.as_json` shows them, as JSON: the members of an array without its brackets, empty
    where there are none. `assigned_to` tells whose customer it was at that moment, for the permission.
    """

    epoch: str
    offset: int
    assigned_to: int | None
    text: bytes

    @property
    def items(self) -> list[dict[str, Any]]:
        """The actions taken apart, for those who do not just pass them on."""
        items: list[dict[str, Any]] = orjson.loads(b"[%b]" % self.text)
        return items


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
        query, start = (AFTER, after) if after is not None else (BEFORE, BEYOND if before is None else before)
        async with self._database.reading_pages() as connection:
            row = await connection.fetchrow(query, customer_id, start, None if kinds is None else list(kinds), limit)
        if row is None:
            raise NotFound(f"there is no customer {customer_id}")
        text = b"" if row["cells"] is None else actions_text(customer_id, row["cells"], row["actors"])
        return ActionPage(row["epoch"], row["top"], row["assigned_to"], text)
