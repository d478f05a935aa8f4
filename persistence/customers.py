"""Reading customers: the list, one customer, and how far an agent has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from channels.agent import Agent, Visibility
from channels.customer import Customer, Priority, Status
from persistence.cursor import cursor_text, place_of
from persistence.database import Database
from persistence.listing import SQL, Filter, Place, Sort, page_statement, search_words
from persistence.rows import customer_from, customers_shown

Assignee = int | Literal["none"] | None
"""An agent's id, "none" for unassigned customers, None for whoever they are assigned to."""


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """`items` are the customers as `Customer.as_json` shows them, ready for orjson (see `persistence.rows`), each with
    `unread`: how many actions came after the one up to which the asking agent has read.

    `next_cursor` is None on the last page.
    """

    items: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A customer with its position in the stream of `customer:<id>`, all of one moment."""

    customer: Customer
    offset: int
    epoch: str


class Customers:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        agent: Agent,
        visibility: Visibility,
        *,
        assigned_to: Assignee,
        statuses: Sequence[Status] | None,
        archived: bool | None,
        q: str | None,
        sort: str,
        limit: int,
        cursor: str | None,
        priorities: Sequence[Priority] | None = None,
        unread_only: bool = False,
    ) -> CustomerPage:
        """A page of the customers that `agent` may see. None for a filter lets everything through.

        Every word of `q` must begin a word of the name, the ref or the e-mail address. Raises InvalidRequest for
        an unknown `sort` and for a cursor that does not come from the same list.
        """
        assignees = visible_assignees(agent, visibility, assigned_to)
        wanted = Filter(
            sort=Sort.parse(sort),
            assignees=assignees,
            # in one order, whatever the caller's: fewer statements to prepare
            statuses=tuple(status for status in Status if statuses is None or status in statuses),
            archived=(False, True) if archived is None else (archived,),
            words=search_words(q),
            priorities=None if priorities is None else tuple(dict.fromkeys(priorities)),
            unread_only=unread_only,
        )
        after = None if cursor is None else place_of(cursor, wanted)
        if assignees == () or not wanted.statuses:
            return CustomerPage([], None)
        text, values = page_statement(wanted, reader=agent.id, after=after, limit=limit + 1)
        async with self._database.reading_pages() as connection:
            rows = await connection.fetch(text, *values)
        if len(rows) <= limit:
            return CustomerPage(customers_shown(rows), None)
        rows.pop()  # tells that there is more
        last = rows[-1]
        by_time = wanted.sort.column == "updated"
        key = datetime.fromisoformat(last["updated_at"]) if by_time else last["lower_name"]
        return CustomerPage(customers_shown(rows), cursor_text(Place(key, last["id"]), wanted))

    async def counts(self, agent: Agent, visibility: Visibility, *, assigned_to: Assignee) -> dict[Status, int]:
        """How many customers, archived ones aside, are in each status, among those that `agent` may see."""
        counts = dict.fromkeys(Status, 0)
        assignees = visible_assignees(agent, visibility, assigned_to)
        async with self._database.reading_pages() as connection:
            if assignees is None:
                rows = await connection.fetch(SQL["counts_of_all"])
            else:
                rows = []
                for assignee in assignees:
                    if assignee is None:
                        rows += await connection.fetch(SQL["counts_of_nobody"])
                    else:
                        rows += await connection.fetch(SQL["counts_of_agent"], assignee)
        for row in rows:
            counts[Status(row["status"])] += row["customers"]
        return counts

    async def workload(self) -> dict[tuple[int | None, Status], int]:
        """How many customers, archived ones aside, each agent (None: nobody) has in each status."""
        async with self._database.reading_pages() as connection:
            rows = await connection.fetch(SQL["workload"])
        return {(row["assigned_to"], Status(row["status"])): row["customers"] for row in rows}

    async def get(self, customer_id: int) -> Customer | None:
        async with self._database.reading() as connection:
            row = await connection.fetchrow(SQL["get"], customer_id)
        return None if row is None else customer_from(row)

    async def snapshot(self, customer_id: int) -> Snapshot | None:
        """The customer with its position: what comes after `offset` in `epoch` is not in it, all else is."""
        async with self._database.reading() as connection:
            row = await connection.fetchrow(SQL["snapshot"], customer_id)
        return None if row is None else Snapshot(customer_from(row), row["offset"], row["epoch"])

    async def mark_read(self, agent_id: int, customer_id: int, offset: int) -> None:
        """Moves the agent's mark forward to `offset`: never back, and never beyond the latest action."""
        async with self._database.reading() as connection:
            await connection.execute(SQL["mark_read"], agent_id, customer_id, offset)


def visible_assignees(agent: Agent, visibility: Visibility, assigned_to: Assignee) -> tuple[int | None, ...] | None:
    """Whose customers a list shows: None for everybody's, otherwise ids, with None for unassigned customers.

    The set form of `Agent.may_see`: empty where the agent may see none of those asked for.
    """
    if assigned_to is None:
        if agent.sees_all(visibility):
            return None
        asked: tuple[int | None, ...] = (agent.id, None)
    else:
        asked = (None,) if assigned_to == "none" else (assigned_to,)
    return tuple(assignee for assignee in asked if agent.may_see(assignee, visibility))
