"""Lists and logs from a real streaming replica: used while it keeps up, and never showing less than was committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest

from channels.agent import Agent, Role, Visibility
from channels.command import AddComment, Command, CreateCustomer
from persistence.actions import Actions
from persistence.agents import Agents
from persistence.customers import Customers
from persistence.database import Database, DatabaseOptions
from persistence.recorder import Recorder
from tests.ground.eventually import eventually
from tests.ground.replica import Replica, streaming_replica
from tests.ground.services import TestServices


@pytest.fixture
def replica(services: TestServices, database_url: str) -> Iterator[Replica]:
    with streaming_replica(database_url, services.postgres_pid) as replica:
        yield replica


@asynccontextmanager
async def desk(database_url: str, replica: Replica) -> AsyncIterator[tuple[Database, Recorder, Agent]]:
    options = DatabaseOptions(database_url, replica_url=replica.url, pool_min=1, pool_max=3)
    async with Database.connect(options) as database, asyncio.TaskGroup() as tasks:
        agent = await Agents(database).create("dana", "Dana", Role.AGENT, None)
        yield database, Recorder(database, tasks, lambda _recorded: None), agent


async def on_replica(database: Database) -> bool:
    """Whether pages are read from the replica at the moment."""
    async with database.reading_pages() as connection:
        return bool(await connection.fetchval("SELECT pg_is_in_recovery()"))


async def test_pages_come_from_the_replica_while_it_keeps_up_and_always_show_what_was_committed(
    database_url: str, replica: Replica
) -> None:
    async with desk(database_url, replica) as (database, recorder, agent):
        customers, actions = Customers(database), Actions(database)

        async def shown(customer_id: int) -> tuple[list[int], list[int]]:
            page = await customers.page(
                agent,
                Visibility.ALL,
                assigned_to=None,
                statuses=None,
                archived=None,
                q=None,
                sort="-updated_at",
                limit=9,
                cursor=None,
            )
            log = await actions.page(customer_id, after=0, before=None, limit=9, kinds=None)
            return [item["offset"] for item in page.items], [item["offset"] for item in log.items]

        made = await recorder.record(Command(agent, Visibility.ALL, CreateCustomer({"name": "Acme"}), uuid4()))
        customer_id = made.customer.id
        assert await shown(customer_id) == ([1], [1])
        await eventually(lambda: on_replica(database), what="the replica serves readers")
        control = await asyncpg.connect(replica.url)
        await control.execute("SELECT pg_wal_replay_pause()")
        for offset in (2, 3):
            await recorder.record(Command(agent, Visibility.ALL, AddComment(customer_id, "hello"), uuid4()))
            assert not await on_replica(database), "it is behind"
            assert await shown(customer_id) == ([offset], list(range(1, offset + 1)))
        await control.execute("SELECT pg_wal_replay_resume()")
        await eventually(lambda: on_replica(database), what="the replica serves readers again")
        assert await shown(customer_id) == ([3], [1, 2, 3])
        await control.close()
        replica.kill()
        assert await shown(customer_id) == ([3], [1, 2, 3]), "without a replica the primary serves"
        assert not await on_replica(database)


async def test_a_server_that_is_no_replica_is_not_read_from(services: TestServices, database_url: str) -> None:
    """The setting names another database: nobody is shown its data."""
    with services.database() as other:
        async with (
            Database.connect(DatabaseOptions(database_url, replica_url=other, pool_min=1, pool_max=3)) as database,
            database.reading_pages() as connection,
        ):
            assert (
                await connection.fetchval("SELECT current_database()") == database_url.partition("?")[0].split("/")[-1]
            )
