"""One's own actions are read, where everything before them was: both ways of recording move the mark alike."""

from __future__ import annotations

import asyncio

from channels.command import AddComment, DeleteComment, EditComment
from persistence.customers import Customers
from persistence.listing import Sort
from tests.writing.conftest import Desk

DANA, LEE = 0, 1


async def unread(desk: Desk, by: int) -> list[int]:
    """Of the customers by id."""
    page = await Customers(desk.database).page(
        desk.agents[by],
        desk.visibility,
        assigned_to=None,
        statuses=None,
        archived=None,
        q=None,
        sort=Sort.NAME,
        limit=100,
        cursor=None,
    )
    return [item["unread"] for item in page.items]


async def test_who_creates_and_goes_on_has_read_it_all(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.comment(customer)
    await desk.change(customer, 1, status="waiting")
    await desk.write(EditComment(customer.id, 2, "hello again"), DANA)
    await desk.write(DeleteComment(customer.id, 2), DANA)
    assert await unread(desk, DANA) == [0]
    assert await unread(desk, LEE) == [5]


async def test_what_was_unread_before_stays_unread(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.comment(customer, by=LEE)
    assert await unread(desk, DANA) == [1]
    await desk.comment(customer)
    await desk.change(customer, 1, status="waiting")
    assert await unread(desk, DANA) == [3]
    await Customers(desk.database).mark_read(desk.agents[DANA].id, customer.id, 4)
    await desk.comment(customer)
    assert await unread(desk, DANA) == [0]
    assert await unread(desk, LEE) == [5]  # lee wrote before reading that it was created


async def test_of_what_comes_at_once_only_what_follows_the_mark_is_read(desk: Desk) -> None:
    customer = await desk.customer()
    await asyncio.gather(*(desk.comment(customer, by=by) for by in (DANA, DANA, LEE, DANA)))
    assert [row["actor_id"] for row in await desk.log(customer.id)][1:] == [
        desk.agents[by].id for by in (DANA, DANA, LEE, DANA)
    ]
    assert await unread(desk, DANA) == [2]


async def test_a_replay_moves_nothing(desk: Desk) -> None:
    customer = await desk.customer()
    first = await desk.comment(customer)
    await desk.comment(customer, by=LEE)
    assert first.action is not None
    replayed = await desk.write(AddComment(customer.id, "hello"), DANA, first.action.command_id)
    assert replayed.replayed
    assert await unread(desk, DANA) == [1]
