"""What a page of the list costs, by PostgreSQL's own account: the same wherever in the list it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import asyncpg
import orjson
import pytest

from channels.agent import Agent, Visibility
from channels.customer import Status
from channels.names import customer_channel
from persistence.actions import AFTER, BEFORE, Actions
from persistence.customers import Customers
from persistence.database import Database, DatabaseOptions
from persistence.listing import Filter, Place, Sort, page_statement
from persistence.queries import queries
from persistence.stream import PostgresStream
from tests.ground.proxy import Proxy, postgres_behind, postgres_through

CUSTOMERS = 15_000
AGENTS = 30
LIMIT = 100
START = datetime(2026, 1, 1, tzinfo=UTC)

FILL = f"""
    INSERT INTO agents (username, name) SELECT 'agent' || g, 'Agent ' || g FROM generate_series(1, {AGENTS}) AS g;
    INSERT INTO customers (ref, name, email, status, assigned_to, archived, updated_at, "offset")
    SELECT 'AC-' || g, 'Customer ' || md5(g::text), 'user' || g || '@example.com',
           (ARRAY['new', 'open', 'in_progress', 'waiting', 'resolved', 'closed'])[1 + g * 7 % 6],
           nullif(g * 13 % ({AGENTS} + 1), 0), g % 20 = 0,
           timestamptz '{START.isoformat()}' + g * interval '1 minute', 5
    FROM generate_series(1, {CUSTOMERS}) AS g;
    INSERT INTO read_marks SELECT 1, id, 3 FROM customers WHERE id % 2 = 0;
    ANALYZE;
"""

MIDDLE = {
    Sort.LATEST: Place(START + timedelta(minutes=CUSTOMERS // 2), 5),
    Sort.LONGEST_UNCHANGED: Place(START + timedelta(minutes=CUSTOMERS // 2), 5),
    Sort.NAME: Place("customer 8", 5),
    Sort.NAME_DESCENDING: Place("customer 8", 5),
}

MODES = ("force_custom_plan", "force_generic_plan")

SCOPES: dict[str, dict[str, Any]] = {
    "mine": {"assignees": (1,)},
    "mine, one status": {"assignees": (1,), "statuses": (Status.WAITING,)},
    "mine and nobody's": {"assignees": (1, None)},
    "nobody's": {"assignees": (None,)},
    "everybody's": {},
    "everybody's, one status": {"statuses": (Status.NEW,)},
    "everybody's, archived too": {"archived": (False, True)},
}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url, server_settings={"jit": "off"})
    await connection.execute(FILL)
    yield connection
    await connection.close()


def a_filter(sort: Sort, **scope: Any) -> Filter:
    return Filter(**{"sort": sort, "assignees": None, "statuses": tuple(Status), "archived": (False,), **scope})


async def plan_of(connection: asyncpg.Connection, wanted: Filter, after: Place | None) -> dict[str, Any]:
    """The plan of a page as it was carried out, of a prepared statement so that `plan_cache_mode` counts."""
    text, values = page_statement(wanted, reader=1, after=after, limit=LIMIT + 1)
    literals = await connection.fetchval(
        "SELECT string_agg(quote_literal(v), ', ' ORDER BY n) FROM unnest($1::text[]) WITH ORDINALITY AS t (v, n)",
        [as_text(value) for value in values],
    )
    await connection.execute(f"PREPARE page AS {text}")
    rows = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page ({literals})")
    await connection.execute("DEALLOCATE page")
    plan: dict[str, Any] = orjson.loads(rows)[0]["Plan"]
    return plan


def as_text(value: Any) -> str:
    """A parameter as PostgreSQL reads it in text."""
    if isinstance(value, list):
        return "{" + ",".join(map(as_text, value)) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scanned(plan: dict[str, Any]) -> int:
    """How many rows of customers were looked at, whether or not they were shown."""
    return sum(
        round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes(plan)
        if node.get("Relation Name") == "customers"
    )


async def test_a_page_is_read_along_an_index_wherever_it_is(connection: asyncpg.Connection) -> None:
    for mode, (name, scope), (sort, middle) in product(MODES, SCOPES.items(), MIDDLE.items()):
        await connection.execute(f"SET plan_cache_mode = {mode}")
        wanted = a_filter(sort, **scope)
        first, deep = await plan_of(connection, wanted, None), await plan_of(connection, wanted, middle)
        for plan in (first, deep):
            kinds = {node["Node Type"] for node in nodes(plan)}
            assert not kinds & {"Sort", "Incremental Sort", "Seq Scan", "Bitmap Heap Scan"}, (name, sort, kinds)
            # merging reads one row ahead in each range; nothing else is read beyond the page
            ranges = sum(node.get("Relation Name") == "customers" for node in nodes(plan))
            assert scanned(plan) <= LIMIT + 1 + ranges, (mode, name, sort)
        cost = [plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in (first, deep)]
        assert cost[1] <= cost[0] * 1.5 + 20, (mode, name, sort, cost)


async def test_a_search_reads_what_its_words_find(connection: asyncpg.Connection) -> None:
    for mode, name, sort in product(MODES, ("everybody's", "everybody's, one status"), Sort):
        await connection.execute(f"SET plan_cache_mode = {mode}")
        wanted = a_filter(sort, **SCOPES[name], words=("user1234", "example"))
        plan = await plan_of(connection, wanted, None)
        assert "customers_search" in {node.get("Index Name") for node in nodes(plan)}, (mode, name, sort)
        assert scanned(plan) <= 2 * 11  # user1234 and user12340 to user12349, with a margin


async def test_a_search_in_ones_own_customers_reads_no_others(connection: asyncpg.Connection) -> None:
    owned = await connection.fetchval("SELECT count(*) FROM customers WHERE assigned_to = 1")
    for mode, sort in product(MODES, Sort):
        await connection.execute(f"SET plan_cache_mode = {mode}")
        plan = await plan_of(connection, a_filter(sort, assignees=(1,), words=("example",)), None)
        assert scanned(plan) <= owned, (mode, sort)


async def test_unread_actions_are_looked_up_for_the_rows_of_the_page_alone(database_url: str) -> None:
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=1)) as database:
        async with database.writing() as connection:
            await connection.execute(FILL)
        async with database.reading() as connection:
            text, values = page_statement(a_filter(Sort.LATEST), reader=1, after=None, limit=LIMIT + 1)
            plan = orjson.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", *values))[0]["Plan"]
    marks = [node for node in nodes(plan) if node.get("Relation Name") == "read_marks"]
    assert [node["Actual Loops"] for node in marks] == [LIMIT + 1]


async def test_a_page_of_a_log_reads_what_it_shows_wherever_it_is(connection: asyncpg.Connection) -> None:
    """Of both halves, the older half archived; and each of the actors once, however often they acted."""
    actions = f"""
        INSERT INTO %s (
            id, customer_id, "offset", kind, actor_id, mentions, changes, version, command_id, command_fingerprint,
            created_at
        )
        OVERRIDING SYSTEM VALUE
        SELECT n, 1, n, 'comment', 1 + n %% {AGENTS}, '{{}}', '{{}}', 1, gen_random_uuid(), '', now()
        FROM generate_series(%d, %d) AS n
    """
    await connection.execute(actions % ("customer_actions_archive", 1, 10_000))
    await connection.execute(actions % ("customer_actions", 10_001, 20_000))
    await connection.execute("ANALYZE")
    for mode, (name, query), start in product(MODES, {"after": AFTER, "before": BEFORE}.items(), (300, 10_050, 19_800)):
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE log AS {query}")
        explained = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE log (1, {start}, NULL, {LIMIT})")
        await connection.execute("DEALLOCATE log")
        plan = orjson.loads(explained)[0]["Plan"]
        read = [node for node in nodes(plan) if node.get("Relation Name", "").startswith("customer_actions")]
        assert {node["Node Type"] for node in read} == {"Index Scan"}, (mode, name, start)
        assert sum(node["Actual Rows"] for node in read) <= LIMIT + 1, (mode, name, start)
        assert sum(node["Actual Rows"] for node in nodes(plan) if node.get("Relation Name") == "agents") == AGENTS


async def test_a_page_is_one_round_trip(database_url: str) -> None:
    """Of a list and of a log, the permission included, wherever it is."""
    async with (
        Proxy(postgres_behind(database_url)) as proxy,
        Database.connect(DatabaseOptions(postgres_through(database_url, proxy), pool_min=1, pool_max=1)) as database,
    ):
        async with database.writing() as connection:
            await connection.execute(FILL)
        customers, actions, agent = Customers(database), Actions(database), Agent(1, "agent1", "Agent 1")

        async def page(cursor: str | None) -> str | None:
            wanted: dict[str, Any] = {"assigned_to": 1, "statuses": None, "archived": False, "q": None}
            order: dict[str, Any] = {"sort": "-updated_at", "limit": 100, "cursor": cursor}
            return (await customers.page(agent, Visibility.ASSIGNED, **wanted, **order)).next_cursor

        async def log() -> None:
            await actions.page(1, after=None, before=3, limit=100, kinds=None)

        async def cost(read: Awaitable[Any]) -> int:
            before = proxy.round_trips
            await read
            return proxy.round_trips - before

        cursor = await page(None)
        await page(cursor)
        await log()  # the statements are prepared once for each connection
        assert [await cost(page(None)), await cost(page(cursor)), await cost(log())] == [1, 1, 1]


async def test_the_healer_looks_at_the_open_channels_alone(database_url: str) -> None:
    """However many there are, and whatever share of the table: a table of a million is never read as a whole."""
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=1)) as database:
        async with database.writing() as connection:
            await connection.execute(FILL)
            ids = [row["id"] for row in await connection.fetch("SELECT id FROM customers LIMIT 10000")]
        positions = [(customer_channel(number), 5) for number in ids]
        positions[7] = (customer_channel(ids[7]), 3)
        async with database.reading() as connection:
            values = [ids, [5] * len(ids), [1, 2], [0, 0]]
            plan = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {queries('stream')['ahead']}", *values)
        touched = [node for node in nodes(orjson.loads(plan)[0]["Plan"]) if node.get("Relation Name") == "customers"]
        assert {node["Node Type"] for node in touched} <= {"Index Scan", "Index Only Scan"}
        assert [node["Actual Loops"] for node in touched] == [len(ids)]
        _, ahead = await PostgresStream(database).ahead(positions)
        assert ahead == {f"customer:{ids[7]}": 5}
