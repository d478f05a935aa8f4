"""Reads that are gathered into one query give what reads of their own would give."""

from __future__ import annotations

import asyncio

import pytest

from channels.agent import Agent, Visibility
from channels.errors import DatabaseUnavailable, PermissionDenied
from channels.names import ChannelName, agent_channel, customer_channel
from channels.ports import StreamPage, Viewer
from persistence.database import Database, DatabaseOptions
from persistence.gathering import AT_ONCE, GatheringStream
from persistence.stream import PostgresStream
from tests.ground.eventually import turns
from tests.ground.proxy import Proxy, postgres_behind, postgres_through
from tests.persistence.conftest import Rows


def shape(page: StreamPage | BaseException) -> object:
    if isinstance(page, BaseException):
        return type(page)
    return page.epoch, page.top, page.assigned_to, [(push.channel, push.offset, push.data) for push in page.pushes]


async def test_gathered_pages_equal_single_ones(database: Database, rows: Rows, people: dict[str, Agent]) -> None:
    dana, lee = people["dana"], people["lee"]
    customers = [await rows.customer(assigned_to=agent.id) for agent in (dana, lee, dana)]
    for customer_id, count in zip(customers, (5, 0, 3), strict=True):
        for offset in range(1, count + 1):
            await rows.action(customer_id, offset, dana, archived=offset == 1)
    viewers = [None, Viewer(dana, Visibility.ALL), Viewer(lee, Visibility.ASSIGNED)]
    names: list[ChannelName] = [customer_channel(i) for i in (*customers, 10**9)]
    names += [agent_channel(i) for i in (dana.id, lee.id, 10**9)]
    asked = [
        (name, viewer, after, limit)
        for name in names
        for viewer in viewers
        for after, limit in ((None, 300), (0, 300), (2, 2), (9, 300))
    ]
    alone = PostgresStream(database)
    one_by_one = await asyncio.gather(*(alone.read(*ask) for ask in asked), return_exceptions=True)
    async with asyncio.TaskGroup() as tasks:
        stream = GatheringStream(database, tasks)
        gathered = await asyncio.gather(*(stream.read(*ask) for ask in asked), return_exceptions=True)
    assert [shape(page) for page in gathered] == [shape(page) for page in one_by_one]
    assert any(isinstance(page, PermissionDenied) for page in gathered)
    assert stream.queries == 2, "one of each kind"


async def test_those_who_ask_for_the_same_share_its_publications(
    database: Database, rows: Rows, people: dict[str, Agent]
) -> None:
    customer_id = await rows.customer()
    for offset in range(1, 4):
        await rows.action(customer_id, offset, people["dana"])
    async with asyncio.TaskGroup() as tasks:
        stream = GatheringStream(database, tasks)
        first, second = await asyncio.gather(
            *(stream.read(customer_channel(customer_id), None, 1, 300) for _ in range(2))
        )
    assert first.pushes[0] is second.pushes[0]


async def test_a_query_is_bounded_and_one_who_gives_up_disturbs_nobody(database: Database, rows: Rows) -> None:
    customers = [await rows.customer() for _ in range(3)]
    async with asyncio.TaskGroup() as tasks:
        stream = GatheringStream(database, tasks)
        reads = [
            asyncio.ensure_future(stream.read(customer_channel(customers[n % 3]), None, n, 300))
            for n in range(2 * AT_ONCE + 1)
        ]
        await turns()
        reads[0].cancel()
        done = await asyncio.gather(*reads, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert all(isinstance(page, StreamPage) for page in done[1:])
    assert stream.queries == 3


async def test_everybody_is_told_when_the_database_is_away(database_url: str) -> None:
    async with (
        Proxy(postgres_behind(database_url)) as proxy,
        Database.connect(DatabaseOptions(postgres_through(database_url, proxy), pool_min=1, pool_max=2)) as database,
        asyncio.TaskGroup() as tasks,
    ):
        stream = GatheringStream(database, tasks)
        proxy.refuse = True
        proxy.cut()
        reads = (stream.read(customer_channel(n), None, None, 0) for n in range(1, 4))
        told = await asyncio.gather(*reads, return_exceptions=True)
        assert all(isinstance(error, DatabaseUnavailable) for error in told)
        assert len({id(error) for error in told}) == len(told)
        proxy.refuse = False
        with pytest.raises(PermissionDenied):
            await stream.read(customer_channel(1), None, None, 0)
