"""What a writer does when the database goes away at the worst moment: faults injected by a proxy."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from channels.agent import Role, Visibility
from channels.command import AddComment, Command, CreateCustomer
from channels.errors import DatabaseUnavailable, OutcomeUnknown
from persistence.agents import Agents
from persistence.database import Database, DatabaseOptions, translated
from persistence.recorder import Recorded, Recorder
from tests.ground.eventually import turns
from tests.ground.proxy import Proxy, postgres_behind, postgres_through

COMMITS = {"short": b"once, and for all", "general": b"COMMIT"}
"""What is on the wire when a comment that says so is committed, by the way it is recorded."""


async def test_a_commit_whose_reply_is_lost_is_answered_once_it_is_known(database_url: str, way: str) -> None:
    """The connection is cut after PostgreSQL committed and before the writer heard of it."""
    async with (
        Proxy(postgres_behind(database_url)) as proxy,
        Database.connect(DatabaseOptions(postgres_through(database_url, proxy), pool_min=1, pool_max=2)) as database,
        asyncio.TaskGroup() as tasks,
    ):
        agent = await Agents(database).create("dana", "Dana", Role.AGENT, None)
        committed: list[Recorded] = []
        recorder = Recorder(database, tasks, committed.extend)
        customer = await recorder.record(Command(agent, Visibility.ALL, CreateCustomer({"name": "Acme"}), uuid4()))
        command = Command(agent, Visibility.ALL, AddComment(customer.customer.id, "once, and for all"), uuid4())
        proxy.cut_after_answer_to(COMMITS[way])
        recorded = await recorder.record(command)
        assert proxy.cuts == 1, "the fault happened"
        assert recorded.action is not None
        assert recorded.action.offset == 2
        assert [one.action for one in committed if one.action is not None][1:] == [recorded.action], "it is told of"
        again = await recorder.record(command)
        assert again.action == recorded.action
        async with database.reading() as connection:
            assert await connection.fetchval("SELECT count(*) FROM customer_actions WHERE kind = 'comment'") == 1


async def test_while_the_database_is_away_writes_are_refused_and_retryable_and_then_work(database_url: str) -> None:
    async with (
        Proxy(postgres_behind(database_url)) as proxy,
        Database.connect(DatabaseOptions(postgres_through(database_url, proxy), pool_min=1, pool_max=2)) as database,
        asyncio.TaskGroup() as tasks,
    ):
        agent = await Agents(database).create("dana", "Dana", Role.AGENT, None)
        recorder = Recorder(database, tasks, lambda _recorded: None)
        command = Command(agent, Visibility.ALL, CreateCustomer({"name": "Acme"}), uuid4())
        proxy.refuse = True
        proxy.cut()
        with pytest.raises(DatabaseUnavailable) as refused:
            await recorder.record(command)
        assert refused.value.retryable
        proxy.refuse = False
        assert (await recorder.record(command)).action is not None


async def test_when_the_outcome_stays_unknown_the_caller_is_told_so(database_url: str, way: str) -> None:
    async with (
        Proxy(postgres_behind(database_url)) as proxy,
        Database.connect(DatabaseOptions(postgres_through(database_url, proxy), pool_min=1, pool_max=1)) as database,
        asyncio.TaskGroup() as tasks,
    ):
        agent = await Agents(database).create("dana", "Dana", Role.AGENT, None)
        committed: list[Recorded] = []
        recorder = Recorder(database, tasks, committed.extend)
        made = await recorder.record(Command(agent, Visibility.ALL, CreateCustomer({"name": "Acme"}), uuid4()))
        commands = {
            COMMITS[way]: Command(agent, Visibility.ALL, AddComment(made.customer.id, "once, and for all"), uuid4()),
            b"COMMIT": Command(agent, Visibility.ALL, CreateCustomer({"name": "Globex"}), uuid4()),
        }
        for on_the_wire, command in commands.items():
            proxy.cut_after_answer_to(on_the_wire)
            proxy.refuse_after_cut = True
            with pytest.raises(OutcomeUnknown):
                await recorder.record(command)
            assert proxy.refuse, "the fault happened"
            proxy.refuse = False
            again = await recorder.record(command)
            assert again.replayed, "it had been committed, and is written once"


def test_a_driver_that_has_lost_track_of_a_connection_has_lost_it() -> None:
    """As it does when a process that was frozen gets an answer and the end of its time limit at once."""
    with pytest.raises(DatabaseUnavailable), translated():
        raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")


async def test_a_connection_whose_transaction_cannot_be_rolled_back_is_given_to_nobody_else(database_url: str) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=1)) as database:
        with suppress(KeyError):
            async with database.writing() as connection:
                own = await connection.fetchval("SELECT pg_backend_pid()")
                under_way = asyncio.ensure_future(connection.execute("SELECT pg_sleep(60)"))
                await turns()  # reason: the statement is sent in its task's first turn
                raise KeyError
        async with database.reading() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") != own
        await asyncio.gather(under_way, return_exceptions=True)
    assert complaints == []


async def test_a_caller_that_goes_away_does_not_cancel_its_write(desk_parts: tuple[Database, str]) -> None:
    database, _ = desk_parts
    async with asyncio.TaskGroup() as tasks:
        agent = await Agents(database).create("dana", "Dana", Role.AGENT, None)
        committed: list[Recorded] = []
        recorder = Recorder(database, tasks, committed.extend)
        command = Command(agent, Visibility.ALL, CreateCustomer({"name": "Acme"}), uuid4())
        caller = asyncio.create_task(recorder.record(command))
        await turns()  # let it begin
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
    assert len(committed) == 1


async def test_a_write_that_is_rolled_back_is_never_published(desk_parts: tuple[Database, str]) -> None:
    """The last statement of the transaction fails: nothing of it was published or is there."""
    database, url = desk_parts
    agent = await Agents(database).create("dana", "Dana", Role.AGENT, None)
    lee = await Agents(database).create("lee", "Lee", Role.AGENT, None)
    committed: list[Recorded] = []
    async with asyncio.TaskGroup() as tasks:
        recorder = Recorder(database, tasks, committed.extend)
        made = await recorder.record(Command(agent, Visibility.ALL, CreateCustomer({"name": "Acme"}), uuid4()))
        connection = await asyncpg.connect(url)
        await connection.execute(
            "ALTER TABLE notices ADD CONSTRAINT nothing CHECK (agent_id <> $1)".replace("$1", str(lee.id))
        )
        await connection.close()
        with pytest.raises(asyncpg.CheckViolationError):
            await recorder.record(Command(agent, Visibility.ALL, AddComment(made.customer.id, "hello @lee"), uuid4()))
    assert [one.action.offset for one in committed if one.action] == [1]
    async with database.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM customer_actions") == 1
        assert await reader.fetchval('SELECT "offset" FROM customers') == 1
