"""The example history: as large as promised, always the same, and lawful in every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from channels.agent import Role, Visibility
from channels.customer import Status
from persistence.bulk import History, is_empty, load
from persistence.customers import Customers
from persistence.database import Database, DatabaseOptions
from persistence.verify import LAWS, verify
from server.demo.content import load_content
from server.demo.dataset import Size, example_history

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
SMALL = Size(actions=6_000, first=90, each=30, unassigned=10, archived=10)


@pytest.fixture(scope="module")
def history() -> History:
    return example_history("hash", SMALL, now=NOW)


@pytest.fixture
async def database(database_url: str, history: History) -> AsyncIterator[Database]:
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=2)) as database:
        assert await is_empty(database)
        written: list[int] = []
        await load(database, history, written.append)
        assert sum(written) == len(history)
        yield database


def test_the_same_seed_gives_the_same_history(history: History) -> None:
    assert example_history("hash", SMALL, now=NOW) == history
    assert example_history("hash", SMALL, now=NOW, seed=1) != history


def test_there_is_as_much_as_promised(history: History) -> None:
    assert (len(history.agents), len(history.actions), len(history.customers)) == (30, 6_000, 90 + 27 * 30 + 20)
    owners = Counter(row[7] for row in history.customers if not row[8])
    others = [owners[agent_id] for agent_id in range(2, 29)]
    assert (owners[1], others, owners[None]) == (90, [30] * 27, 10)
    assert {row[5] for row in history.customers} == set(Status)


def test_nothing_happens_in_the_future_and_time_runs_forward(history: History) -> None:
    times = [row[-1] for row in history.actions]
    assert times == sorted(times)
    assert times[-1] <= NOW


def test_the_agents_who_are_shown_on_the_screen_are_there() -> None:
    roles = {agent.username: agent.role for agent in load_content().everybody}
    assert {name: roles[name] for name in ("dana", "lee", "sam", "ines", "root")} == {
        "dana": Role.AGENT,
        "lee": Role.AGENT,
        "sam": Role.AGENT,
        "ines": Role.SUPERVISOR,
        "root": Role.ADMIN,
    }


def test_no_line_of_a_story_has_a_gap_that_nothing_fills(history: History) -> None:
    bodies = [row[4] for row in history.actions if row[4] is not None]
    assert bodies
    assert not [body for body in bodies if "{" in body or "}" in body]


async def test_every_law_holds_for_it(database: Database, database_url: str) -> None:
    verdicts = [verdict async for verdict in verify(database_url)]
    assert [verdict.law for verdict in verdicts] == list(LAWS.values())
    assert [verdict.violations for verdict in verdicts if verdict.violations] == []
    assert not await is_empty(database)


async def test_work_goes_on_after_it(database: Database) -> None:
    content = load_content()
    page = await Customers(database).page(
        content.staff[0],
        Visibility.ALL,
        assigned_to=content.staff[0].id,
        statuses=None,
        archived=False,
        q=None,
        sort="-updated_at",
        limit=100,
        cursor=None,
    )
    assert len(page.items) == 90
    assert any(item["unread"] for item in page.items)
    async with database.writing() as connection:
        added = await connection.fetchval("INSERT INTO customers (name) VALUES ('next') RETURNING id")
        agent = await connection.fetchval("INSERT INTO agents (username, name) VALUES ('next', 'Next') RETURNING id")
    assert (added, agent) == (90 + 27 * 30 + 21, 31)
