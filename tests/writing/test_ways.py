"""The two ways of recording a plain comment: the same outcomes, and what each costs in round trips."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.agent import Agent, Role, Visibility
from channels.command import AddComment, Base, Command, CreateCustomer, UpdateCustomer
from channels.errors import CasewireError
from persistence.agents import Agents
from persistence.comments import is_plain
from persistence.database import Database, DatabaseOptions
from persistence.recorder import Recorded, Recorder
from tests.ground.eventually import eventually
from tests.ground.proxy import Proxy, postgres_behind, postgres_through
from tests.writing.conftest import Desk

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_plain_is_what_needs_its_customer_alone() -> None:
    def plain(intent: AddComment | CreateCustomer, *, active: bool = True) -> bool:
        return is_plain(Command(Agent(1, "dana", "Dana", active=active), Visibility.ALL, intent, uuid4()))

    assert plain(AddComment(1, "hello"))
    assert not plain(AddComment(1, "hello"), active=False)
    assert not plain(AddComment(1, "hello @lee"))
    assert not plain(AddComment(1, "hello", reply_to=1))
    assert not plain(AddComment(1, "hello", seen_offset=1))
    assert not plain(CreateCustomer({"name": "Acme"}))


# The same outcomes

STEP = st.tuples(
    st.integers(0, 2),  # the agent; the third is deactivated
    st.integers(0, 3),  # the customer: nobody's, the first agent's, the second one's, or none at all
    st.sampled_from(["one", "two", "a\nb", "ünï 👋"]),
    st.integers(0, 2),  # the command id: reused for the same customer alone, whose commands follow each other
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(STEP, min_size=1, max_size=8), min_size=1, max_size=3), strict=st.booleans())
def test_both_ways_have_the_same_outcomes(
    database_url: str, monkeypatch: pytest.MonkeyPatch, rounds: list[list[Any]], strict: bool
) -> None:
    visibility = Visibility.ASSIGNED if strict else Visibility.ALL
    short = asyncio.run(outcomes(database_url, rounds, visibility))
    with monkeypatch.context() as patch:
        patch.setattr("persistence.recorder.is_plain", lambda _command: False)
        general = asyncio.run(outcomes(database_url, rounds, visibility))
    assert short == general


async def outcomes(url: str, rounds: Sequence[Sequence[Any]], visibility: Visibility) -> list[Any]:
    """What became of the comments of each round, which come at the same time, and what the log says at the end."""
    async with (
        Database.connect(DatabaseOptions(url, pool_min=1, pool_max=3)) as database,
        asyncio.TaskGroup() as tasks,
    ):
        accounts = Agents(database)
        agents = [await accounts.create(f"a{uuid4().hex[:12]}", "An agent", Role.AGENT, None) for _ in range(3)]
        agents[2] = await accounts.update(agents[2].id, active=False)
        published: list[Recorded] = []
        recorder = Recorder(database, tasks, published.extend)
        customers = []
        for assigned_to in (None, agents[0].id, agents[1].id):
            intent = CreateCustomer({"name": "Acme", "assigned_to": assigned_to})
            customers.append((await recorder.record(Command(agents[0], Visibility.ALL, intent, uuid4()))).customer.id)
        customers.append(10**12)
        published.clear()
        seen: list[Any] = []
        for steps in rounds:
            commands = [
                Command(
                    agents[agent], visibility, AddComment(customers[customer], body), UUID(int=number * 4 + customer)
                )
                for agent, customer, body, number in steps
            ]
            results = await asyncio.gather(*map(recorder.record, commands), return_exceptions=True)
            seen += [shape(result, customers, agents) for result in results]
        return [*seen, sorted(shape(one, customers, agents) for one in published)]


def shape(result: Recorded | BaseException, customers: Sequence[int], agents: Sequence[Agent]) -> tuple[Any, ...]:
    """A result without the numbers that differ from run to run."""
    if isinstance(result, BaseException):
        assert isinstance(result, CasewireError), result
        return (result.name,)
    action, customer = result.action, result.customer
    assert action is not None
    return (
        customers.index(customer.id),
        action.offset,
        (action.kind, action.body, action.version, action.reply_to, action.mentions, dict(action.changes)),
        [agent.id for agent in agents].index(action.actor.id),
        str(action.command_id),
        result.replayed,
        (customer.version, customer.name, customer.status, dict(customer.field_versions)),
        # a replay shows the customer as it is now
        None if result.replayed else customer.offset - action.offset,
    )


# At the same moment on two nodes


async def test_one_command_that_two_nodes_write_at_the_same_moment_is_written_once(
    desk: Desk, database_url: str
) -> None:
    customer = await desk.customer()
    blocker = await asyncpg.connect(database_url)
    async with (
        Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=2)) as elsewhere,
        asyncio.TaskGroup() as tasks,
    ):
        other = Recorder(elsewhere, tasks, desk.committed.extend)
        command = Command(desk.agents[0], Visibility.ALL, AddComment(customer.id, "once"), uuid4())
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("SELECT FROM customers WHERE id = $1 FOR UPDATE", customer.id)
        both = asyncio.gather(desk.recorder.record(command), other.record(command))

        async def both_wait() -> bool:
            return bool(await blocker.fetchval(WAITING) == 2)

        await eventually(both_wait, what="both wait for the row")
        moment = await blocker.fetchval("SELECT clock_timestamp()")
        await transaction.commit()
        first, second = await both
    await blocker.close()
    assert first.action is not None
    assert first.action == second.action
    assert sorted([first.replayed, second.replayed]) == [False, True]
    assert first.action.created_at > moment, "the time is taken under the lock"
    assert len(await desk.log(customer.id)) == 2
    assert [one.action.offset for one in desk.committed if one.action and one.written] == [1, 2]


# What it costs


async def test_round_trips_to_postgresql(database_url: str) -> None:
    async with (
        Proxy(postgres_behind(database_url)) as proxy,
        Database.connect(DatabaseOptions(postgres_through(database_url, proxy), pool_min=1, pool_max=1)) as database,
        asyncio.TaskGroup() as tasks,
    ):
        agent = await Agents(database).create("dana", "Dana", Role.AGENT, None)
        recorder = Recorder(database, tasks, lambda _recorded: None)

        async def write(*intents: AddComment | UpdateCustomer | CreateCustomer) -> list[Recorded]:
            commands = [Command(agent, Visibility.ALL, intent, uuid4()) for intent in intents]
            return list(await asyncio.gather(*map(recorder.record, commands)))

        async def cost(*intents: AddComment | UpdateCustomer) -> int:
            before = proxy.round_trips
            await write(*intents)
            return proxy.round_trips - before

        made = await write(*(CreateCustomer({"name": f"Acme {number}"}) for number in range(50)))
        ids = [one.customer.id for one in made]

        def comments(text: str) -> list[AddComment]:
            return [AddComment(customer_id, text) for customer_id in ids]

        def update(version: int) -> UpdateCustomer:
            return UpdateCustomer(ids[0], {"name": f"Acme of {version}"}, Base(version=version))

        await write(comments("warm")[0], update(1))  # the statements are prepared once for each connection
        assert await cost(comments("alone")[0]) == 1
        assert await cost(*comments("together")) == 1
        assert await cost(update(2)) == 6  # begin, lock, look for replays, insert, update, commit
        assert await cost(update(3), *comments("beside an update")[1:]) == 6
