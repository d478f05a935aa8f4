"""A recorder over a real database, with what it committed in a list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from channels.agent import Agent, Role, Visibility
from channels.command import AddComment, Base, Command, CreateCustomer, Intent, UpdateCustomer
from channels.customer import Customer
from persistence.agents import Agents
from persistence.database import Database, DatabaseOptions
from persistence.recorder import Recorded, Recorder


@dataclass
class Desk:
    """Agents who write, through one recorder."""

    database: Database
    recorder: Recorder
    tasks: asyncio.TaskGroup
    agents: list[Agent]
    committed: list[Recorded] = field(default_factory=list)
    visibility: Visibility = Visibility.ALL

    async def write(self, intent: Intent, by: int = 0, command_id: UUID | None = None) -> Recorded:
        agent = self.agents[by]
        return await self.recorder.record(Command(agent, self.visibility, intent, command_id or uuid4()))

    async def customer(self, **values: Any) -> Customer:
        recorded = await self.write(CreateCustomer({"name": "Acme", "status": "open", **values}))
        return recorded.customer

    async def comment(self, customer: Customer, body: str = "hello", by: int = 0, **more: Any) -> Recorded:
        return await self.write(AddComment(customer.id, body, **more), by)

    async def change(self, customer: Customer, base: int | None, by: int = 0, **changes: Any) -> Recorded:
        wanted = {name.replace("__", "."): value for name, value in changes.items()}
        return await self.write(UpdateCustomer(customer.id, wanted, None if base is None else Base(version=base)), by)

    async def log(self, customer_id: int) -> list[Any]:
        async with self.database.reading() as connection:
            return await connection.fetch(
                'SELECT * FROM all_actions WHERE customer_id = $1 ORDER BY "offset"', customer_id
            )

    async def row(self, customer_id: int) -> Any:
        async with self.database.reading() as connection:
            return await connection.fetchrow("SELECT * FROM customers WHERE id = $1", customer_id)


@pytest.fixture(params=["short", "general"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The laws hold whichever way plain comments are recorded."""
    if request.param == "general":
        monkeypatch.setattr("persistence.recorder.is_plain", lambda _command: False)
    return str(request.param)


@pytest.fixture
async def desk(database_url: str, way: str) -> AsyncIterator[Desk]:
    """dana, lee, sam are agents; ines is a supervisor."""
    async with Database.connect(DatabaseOptions(database_url, pool_min=2, pool_max=10)) as database:
        accounts = Agents(database)
        names = [("dana", Role.AGENT), ("lee", Role.AGENT), ("sam", Role.AGENT), ("ines", Role.SUPERVISOR)]
        agents = [await accounts.create(name, name.title(), role, None) for name, role in names]
        async with asyncio.TaskGroup() as tasks:
            committed: list[Recorded] = []

            def note(recorded: Sequence[Recorded]) -> None:
                committed.extend(recorded)

            yield Desk(database, Recorder(database, tasks, note), tasks, agents, committed)


@pytest.fixture
async def desk_parts(database_url: str) -> AsyncIterator[tuple[Database, str]]:
    """An open database and its address."""
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=5)) as database:
        yield database, database_url
