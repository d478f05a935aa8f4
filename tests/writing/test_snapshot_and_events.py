"""snapshot + events == fresh snapshot, for random histories on the real database.

What a client does with a customer and the publications that follow it is written here as `apply`, which is
also the rule that docs/realtime.md gives to those who embed Casewire.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.agent import Agent, Role, Visibility
from channels.command import AddComment, Base, Command, CreateCustomer, Intent, UpdateCustomer
from channels.customer import Priority, Status
from channels.errors import CasewireError, EditConflict
from channels.names import customer_channel
from persistence.agents import Agents
from persistence.customers import Customers
from persistence.database import Database, DatabaseOptions
from persistence.recorder import Recorder
from persistence.stream import PostgresStream

CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(list(Status)),
        "priority": st.sampled_from(list(Priority)),
        "name": st.sampled_from(["Acme", "Globex", "Initech"]),
        "email": st.sampled_from([None, "a@example.com"]),
        "archived": st.booleans(),
        "fields.plan": st.sampled_from([None, "gold", 1, True, {"a": [1]}]),
        "fields.seats": st.sampled_from([None, 0, 1, 1.5]),
    },
).filter(bool)

STEP = st.one_of(
    st.tuples(st.just("comment"), st.integers(0, 2)),
    st.tuples(st.just("update"), st.tuples(CHANGES, st.integers(0, 4))),  # from a base that many versions ago
    st.tuples(st.just("unconditional"), CHANGES),
    st.tuples(st.just("snapshot"), st.none()),
)


def apply(customer: dict[str, Any], publication: dict[str, Any]) -> dict[str, Any]:
    """A customer after a publication of its channel: what changed is laid over it, and a field of `fields`
    that became null is gone."""
    changed = dict(publication["customer"])
    fields = {**customer["fields"], **changed.pop("fields", {})}
    kept = {name: value for name, value in fields.items() if value is not None}
    return {**customer, **changed, "fields": kept, "offset": publication["action"]["offset"]}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(STEP, min_size=1, max_size=6), max_size=6))
def test_snapshot_and_events_equal_a_fresh_snapshot(database_url: str, rounds: list[list[tuple[str, Any]]]) -> None:
    asyncio.run(history(database_url, rounds))


async def history(database_url: str, rounds: list[list[tuple[str, Any]]]) -> None:
    """The steps of a round run at the same time; rounds follow each other."""
    async with (
        Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=5)) as database,
        asyncio.TaskGroup() as tasks,
    ):
        agents = [await agent_named(database, name) for name in ("dana", "lee", "sam")]
        recorder = Recorder(database, tasks, lambda _recorded: None)
        made = await recorder.record(Command(agents[0], Visibility.ALL, CreateCustomer({"name": "Acme"}), uuid4()))
        customer_id = made.customer.id
        customers, stream = Customers(database), PostgresStream(database)
        snapshots: list[dict[str, Any]] = []

        async def step(kind: str, value: Any) -> None:
            if kind == "snapshot":
                snapshot = await customers.snapshot(customer_id)
                assert snapshot is not None
                assert snapshot.offset == snapshot.customer.offset
                snapshots.append(snapshot.customer.as_json())
                return
            agent, intent = await intended(kind, value)
            with suppress(EditConflict):
                await recorder.record(Command(agent, Visibility.ALL, intent, uuid4()))

        async def intended(kind: str, value: Any) -> tuple[Agent, Intent]:
            if kind == "comment":
                return agents[value], AddComment(customer_id, "hello")
            if kind == "unconditional":
                return agents[0], UpdateCustomer(customer_id, value, None)
            changes, ago = value
            current = await customers.get(customer_id)
            assert current is not None
            return agents[1], UpdateCustomer(customer_id, changes, Base(version=max(1, current.version - ago)))

        await step("snapshot", None)
        for steps in rounds:
            await asyncio.gather(*(step(kind, value) for kind, value in steps))
        fresh = await customers.snapshot(customer_id)
        assert fresh is not None
        for snapshot in snapshots:
            page = await stream.read(customer_channel(customer_id), None, snapshot["offset"], 1000)
            followed = snapshot
            for push in page.pushes:
                followed = apply(followed, orjson.loads(push.data))
            assert followed == orjson.loads(orjson.dumps(fresh.customer.as_json()))


async def agent_named(database: Database, name: str) -> Agent:
    accounts = Agents(database)
    try:
        return await accounts.create(name, name.title(), Role.AGENT, None)
    except CasewireError:  # of an earlier example
        found = await accounts.credentials(name)
        assert found is not None
        return found[0]
