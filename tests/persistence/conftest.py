"""An open database, and a desk of agents with customers in known states."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from channels.action import ActionKind
from channels.agent import Agent, Role
from persistence.agents import Agents
from persistence.database import Database, DatabaseOptions

MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=5)) as database:
        yield database


@pytest.fixture
async def people(database: Database) -> dict[str, Agent]:
    """dana and lee are agents, ines is a supervisor."""
    accounts = Agents(database)
    roles = {"dana": Role.AGENT, "lee": Role.AGENT, "ines": Role.SUPERVISOR}
    return {name: await accounts.create(name, name.title(), role, None) for name, role in roles.items()}


class Rows:
    """Writes rows straight into the tables: states that are tedious to reach, or that must never come about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def execute(self, statement: str, *values: Any) -> None:
        async with self._database.writing() as connection:
            await connection.execute(statement, *values)

    async def value(self, statement: str, *values: Any) -> Any:
        async with self._database.reading() as connection:
            return await connection.fetchval(statement, *values)

    async def customer(self, name: str = "Acme", **columns: Any) -> int:
        """A customer without a log."""
        columns = {"name": name, "status": "open", **columns}
        names = ", ".join(f'"{column}"' for column in columns)
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        inserted: int = await self.value(
            f"INSERT INTO customers ({names}) VALUES ({places}) RETURNING id", *columns.values()
        )
        return inserted

    async def action(self, customer_id: int, offset: int, actor: Agent, *, archived: bool = False, **more: Any) -> None:
        """An action; the customer's offset follows."""
        table = "customer_actions_archive" if archived else "customer_actions"
        columns = {
            "customer_id": customer_id,
            "offset": offset,
            "kind": ActionKind.COMMENT,
            "actor_id": actor.id,
            "version": 1,
            "command_id": uuid4(),
            "command_fingerprint": b"",
            "created_at": MORNING,
            "mentions": [],
            "changes": {},
            **({"id": offset} if archived else {}),
            **more,
        }
        names = ", ".join(f'"{column}"' for column in columns)
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await self.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *columns.values())
        await self.execute('UPDATE customers SET "offset" = greatest("offset", $2) WHERE id = $1', customer_id, offset)


@pytest.fixture
def rows(database: Database) -> Rows:
    return Rows(database)
