"""Connections that are lent: most of them without the pool, and none that is not as it was before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from persistence.lending import LOANS, REST, Connection, Lending
from tests.ground.eventually import eventually


def ended(connection: Connection) -> bool:
    """asyncpg takes a lent connection that ended back by itself, and answers no more questions about it."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    async with asyncpg.create_pool(database_url, min_size=0, max_size=2) as pool:
        yield pool


@pytest.fixture
async def lending(pool: asyncpg.Pool[asyncpg.Record], clock: Clock) -> AsyncIterator[Lending]:
    lending = Lending(pool, 5.0, clock)
    yield lending
    await lending.close()


async def test_what_came_back_well_is_lent_again_without_the_pool(
    lending: Lending, pool: asyncpg.Pool[asyncpg.Record]
) -> None:
    first = await lending.borrow()
    await lending.give_back(first, well=True)
    assert (lending.size, lending.idle, pool.get_idle_size()) == (1, 1, 0)
    assert await lending.borrow() is first
    assert lending.idle == 0
    await lending.give_back(first, well=True)


async def test_what_met_an_error_goes_back_to_the_pool(lending: Lending, pool: asyncpg.Pool[asyncpg.Record]) -> None:
    connection = await lending.borrow()
    await lending.give_back(connection, well=False)
    assert pool.get_idle_size() == 1


async def test_a_connection_that_died_at_hand_is_lent_to_nobody(lending: Lending) -> None:
    one, other = await lending.borrow(), await lending.borrow()
    pid = await one.fetchval("SELECT pg_backend_pid()")
    await lending.give_back(one, well=True)
    await other.fetchval("SELECT pg_terminate_backend($1)", pid)
    await eventually(lambda: ended(one), what="its end is known")
    another = await lending.borrow()
    assert another is not one
    assert await another.fetchval("SELECT pg_backend_pid()") != pid
    for connection in (other, another):
        await lending.give_back(connection, well=True)


async def test_who_waits_comes_before_who_has_just_come(lending: Lending) -> None:
    held = [await lending.borrow(), await lending.borrow()]
    order: list[str] = []

    async def use(name: str) -> None:
        connection = await lending.borrow()
        order.append(name)
        await lending.give_back(connection, well=True)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(use("first"))
        await asyncio.sleep(0)
        tasks.create_task(use("second"))
        await asyncio.sleep(0)
        for connection in held:
            await lending.give_back(connection, well=True)
        await use("third")
    assert sorted(order) == ["first", "second", "third"]
    assert order.index("first") < order.index("second")
    assert lending.idle == 2


async def test_nobody_waits_longer_than_the_patience(lending: Lending, pool: asyncpg.Pool[asyncpg.Record]) -> None:
    held = [await lending.borrow(), await lending.borrow()]
    hasty = Lending(pool, 0.01)
    with pytest.raises(TimeoutError):
        await hasty.borrow()
    await hasty.give_back(held[0], well=True)
    assert await hasty.borrow() is held[0], "nobody is thought to wait any more"
    for connection in held:
        await lending.give_back(connection, well=True)


async def test_what_nobody_needs_goes_back_to_the_pool(
    lending: Lending, pool: asyncpg.Pool[asyncpg.Record], clock: Clock
) -> None:
    one, other = await lending.borrow(), await lending.borrow()
    await lending.give_back(one, well=True)
    await lending.give_back(other, well=True)
    clock.time = REST + 1
    await lending.give_back(await lending.borrow(), well=True)
    assert pool.get_idle_size() == 1, "the one that rested longest"


async def test_the_pool_sees_each_connection_now_and_then(lending: Lending, pool: asyncpg.Pool[asyncpg.Record]) -> None:
    for _ in range(LOANS - 1):
        await lending.give_back(await lending.borrow(), well=True)
    assert pool.get_idle_size() == 0
    await lending.give_back(await lending.borrow(), well=True)
    assert pool.get_idle_size() == 1


async def test_closing_ends_what_is_at_hand_and_what_is_still_lent(
    lending: Lending, pool: asyncpg.Pool[asyncpg.Record]
) -> None:
    one, other = await lending.borrow(), await lending.borrow()
    await lending.give_back(one, well=True)
    closing = asyncio.create_task(lending.close())
    await eventually(lambda: ended(one), what="what is at hand is closed at once")
    await lending.give_back(other, well=True)
    await closing
    assert ended(other)
