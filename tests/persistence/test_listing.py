"""The list: what it shows, to whom, and page by page the same as as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.agent import Agent, Role, Visibility
from channels.customer import Priority, Status
from channels.errors import InvalidRequest
from persistence.cursor import cursor_text, place_of
from persistence.customers import Assignee, CustomerPage, Customers
from persistence.database import Database, DatabaseOptions
from persistence.listing import Filter, Place, Sort, search_words
from tests.persistence.conftest import MORNING, Rows

DANA, LEE, INES = Agent(1, "dana", "Dana"), Agent(2, "lee", "Lee"), Agent(3, "ines", "Ines", Role.SUPERVISOR)


async def page(
    database: Database, agent: Agent, visibility: Visibility = Visibility.ALL, **wanted: Any
) -> CustomerPage:
    everything = {"assigned_to": None, "statuses": None, "archived": None, "q": None, "sort": "-updated_at"}
    return await Customers(database).page(agent, visibility, **{**everything, "limit": 100, "cursor": None, **wanted})


async def names(database: Database, agent: Agent, visibility: Visibility = Visibility.ALL, **wanted: Any) -> list[str]:
    return [item["name"] for item in (await page(database, agent, visibility, **wanted)).items]


# Pages


@dataclass(frozen=True)
class Made:
    """A customer of the property test; times and names repeat, so that the id has to decide."""

    name: str
    status: Status
    priority: Priority
    assigned_to: int | None
    archived: bool
    minutes: int
    unread: bool


made = st.builds(
    Made,
    name=st.sampled_from(["Acme", "acme", "Brook", "Éclair", "zebra", "Zebra & Sons"]),
    status=st.sampled_from(Status),
    priority=st.sampled_from(Priority),
    assigned_to=st.sampled_from([1, 2, None]),
    archived=st.booleans(),
    minutes=st.integers(0, 4),
    unread=st.booleans(),
)
subsets = st.one_of(st.none(), st.lists(st.sampled_from(Status), unique=True))
filters = st.fixed_dictionaries(
    {
        "assigned_to": st.sampled_from([None, "none", 1, 2]),
        "statuses": subsets,
        "archived": st.sampled_from([None, True, False]),
        "q": st.sampled_from([None, "ac", "zebra s", "nothing of the kind"]),
        "sort": st.sampled_from(Sort),
        "priorities": st.one_of(st.none(), st.lists(st.sampled_from(Priority), unique=True)),
        "unread_only": st.booleans(),
    }
)


def expected(
    customers: Sequence[tuple[int, Made]], agent: Agent, visibility: Visibility, wanted: dict[str, Any]
) -> list[int]:
    """The ids that a list must show, in order: the filter in plain words."""

    def shown(customer: Made) -> bool:
        words = customer.name.lower().replace("&", " ").split()
        return (
            agent.may_see(customer.assigned_to, visibility)
            and (
                wanted["assigned_to"] is None
                or customer.assigned_to == (None if wanted["assigned_to"] == "none" else wanted["assigned_to"])
            )
            and (wanted["statuses"] is None or customer.status in wanted["statuses"])
            and (wanted["archived"] is None or customer.archived == wanted["archived"])
            and (wanted["priorities"] is None or customer.priority in wanted["priorities"])
            and (not wanted["unread_only"] or customer.unread)
            and all(any(word.startswith(part) for word in words) for part in (wanted["q"] or "").split())
        )

    sort: Sort = wanted["sort"]
    by_name = sort in (Sort.NAME, Sort.NAME_DESCENDING)
    keys = [((c.name.lower() if by_name else c.minutes), number) for number, c in customers if shown(c)]
    return [number for _, number in sorted(keys, reverse=sort.startswith("-"))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    customers=st.lists(made, max_size=14),
    wanted=filters,
    agent=st.sampled_from([DANA, INES]),
    visibility=st.sampled_from(Visibility),
    limit=st.integers(1, 5),
)
def test_the_pages_of_a_list_put_together_are_the_list(
    database_url: str,
    customers: list[Made],
    wanted: dict[str, Any],
    agent: Agent,
    visibility: Visibility,
    limit: int,
) -> None:
    async def listed() -> tuple[list[int], list[int]]:
        async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=1)) as database:
            numbered = list(zip(await _fill(database, agent, customers), customers, strict=True))
            seen: list[int] = []
            cursor = None
            while True:
                got = await page(database, agent, visibility, **wanted, limit=limit, cursor=cursor)
                seen += [item["id"] for item in got.items]
                assert len(got.items) <= limit
                cursor = got.next_cursor
                if cursor is None:
                    return seen, expected(numbered, agent, visibility, wanted)

    seen, wished = asyncio.run(listed())
    assert seen == wished


async def _fill(database: Database, agent: Agent, customers: Sequence[Made]) -> list[int]:
    """Makes the customers anew and returns their ids."""
    async with database.writing() as connection:
        await connection.execute("TRUNCATE agents, customers RESTART IDENTITY CASCADE")
        await connection.execute(
            "INSERT INTO agents (username, name) VALUES ('dana', 'D'), ('lee', 'L'), ('ines', 'I')"
        )
        ids = []
        for customer in customers:
            values = (customer.name, customer.status, customer.priority, customer.assigned_to, customer.archived)
            ids.append(
                await connection.fetchval(
                    "INSERT INTO customers (name, status, priority, assigned_to, archived, updated_at, "
                    '"offset") VALUES ($1, $2, $3, $4, $5, $6, 3) RETURNING id',
                    *values,
                    MORNING + timedelta(minutes=customer.minutes),
                )
            )
            mark = "INSERT INTO read_marks VALUES ($1, $2, $3)"
            await connection.execute(mark, agent.id, ids[-1], 2 if customer.unread else 3)
        return ids


# Cursors

places = st.one_of(
    st.builds(Place, st.datetimes(timezones=st.just(UTC)), st.integers(1, 2**63 - 1)),
    st.builds(Place, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200), st.integers(1, 9)),
)


def a_filter(sort: Sort, **more: Any) -> Filter:
    return Filter(**{"sort": sort, "assignees": None, "statuses": tuple(Status), "archived": (False,), **more})


@given(places)
def test_a_cursor_leads_back_to_its_place(place: Place) -> None:
    wanted = a_filter(Sort.LATEST if isinstance(place.key, datetime) else Sort.NAME)
    assert place_of(cursor_text(place, wanted), wanted) == place


@given(st.text())
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor: is no cursor"):
        place_of(text, a_filter(Sort.LATEST))


@pytest.mark.parametrize(
    "other",
    [
        a_filter(Sort.LONGEST_UNCHANGED),
        a_filter(Sort.NAME),
        a_filter(Sort.LATEST, assignees=(1,)),
        a_filter(Sort.LATEST, statuses=(Status.OPEN,)),
        a_filter(Sort.LATEST, archived=(True,)),
        a_filter(Sort.LATEST, words=("acme",)),
        a_filter(Sort.LATEST, priorities=(Priority.URGENT,)),
        a_filter(Sort.LATEST, unread_only=True),
    ],
    ids=repr,
)
def test_the_cursor_of_another_list_is_refused(other: Filter) -> None:
    cursor = cursor_text(Place(MORNING, 7), a_filter(Sort.LATEST))
    with pytest.raises(InvalidRequest, match="belongs to a list with another filter or order"):
        place_of(cursor, other)


def test_a_cursor_fits_the_same_filter_in_another_order() -> None:
    one = a_filter(Sort.LATEST, statuses=(Status.OPEN, Status.NEW), assignees=(1, None))
    other = a_filter(Sort.LATEST, statuses=(Status.NEW, Status.OPEN), assignees=(None, 1))
    assert place_of(cursor_text(Place(MORNING, 7), one), other) == Place(MORNING, 7)


async def test_an_unknown_order_is_refused(database: Database) -> None:
    with pytest.raises(InvalidRequest, match="sort: must be one of -updated_at, updated_at, name, -name"):
        await page(database, DANA, sort="fame")


# Search


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("acme", True),
        ("ACM", True),
        ("lt acm", True),
        ("AC-1042", True),
        ("1042", True),
        ("lee@acme.example", True),
        ("example", True),
        ("müller", True),
        ("cme", False),
        ("acme globex", False),
        ("' & !acme | ('", True),
        ("acme:*", True),
        ("\\ \0", True),
        ("!!!", True),
    ],
)
async def test_words_are_found_by_how_they_begin(database: Database, rows: Rows, q: str, found: bool) -> None:
    await rows.customer("Acme Müller Ltd", ref="AC-1042", email="lee@acme.example")
    assert bool(await names(database, DANA, q=q)) == found


@given(st.text(max_size=60))
def test_search_words_hold_nothing_that_a_query_could_mistake(text: str) -> None:
    for word in search_words(text):
        assert not set(word) & set("'\\&|!():*<> \0")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(max_size=40))
def test_whatever_is_searched_for_postgresql_understands_it(database_url: str, q: str) -> None:
    async def search() -> None:
        async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=1)) as database:
            await page(database, DANA, q=q)

    asyncio.run(search())


# Who sees what


@pytest.fixture
async def three(rows: Rows, people: dict[str, Agent]) -> None:
    """One customer of dana's, one of lee's, one of nobody's, changed in this order."""
    for minute, (name, owner) in enumerate([("hers", people["dana"].id), ("his", people["lee"].id), ("new", None)]):
        await rows.customer(name, assigned_to=owner, updated_at=MORNING + timedelta(minutes=minute))


@pytest.mark.parametrize(
    ("agent", "visibility", "assigned_to", "shown"),
    [
        (DANA, Visibility.ALL, None, ["new", "his", "hers"]),
        (DANA, Visibility.ASSIGNED, None, ["new", "hers"]),
        (DANA, Visibility.ASSIGNED, LEE.id, []),
        (DANA, Visibility.ASSIGNED, DANA.id, ["hers"]),
        (DANA, Visibility.ASSIGNED, "none", ["new"]),
        (INES, Visibility.ASSIGNED, None, ["new", "his", "hers"]),
        (INES, Visibility.ASSIGNED, LEE.id, ["his"]),
        (Agent(1, "dana", "Dana", active=False), Visibility.ALL, None, []),
    ],
)
@pytest.mark.usefixtures("three")
async def test_a_list_and_its_counts_show_what_the_agent_may_see(
    database: Database, agent: Agent, visibility: Visibility, assigned_to: Assignee, shown: list[str]
) -> None:
    assert await names(database, agent, visibility, assigned_to=assigned_to) == shown
    counts = await Customers(database).counts(agent, visibility, assigned_to=assigned_to)
    assert counts == {**dict.fromkeys(Status, 0), Status.OPEN: len(shown)}


async def test_counts_leave_archived_customers_out(database: Database, rows: Rows) -> None:
    await rows.customer(status="open", archived=True)
    await rows.customer(status="waiting")
    counts = await Customers(database).counts(DANA, Visibility.ALL, assigned_to=None)
    assert counts == {**dict.fromkeys(Status, 0), Status.WAITING: 1}


# Reading


async def test_unread_is_counted_from_the_agents_own_mark(
    database: Database, rows: Rows, people: dict[str, Agent]
) -> None:
    customers, dana, lee = Customers(database), people["dana"], people["lee"]
    customer_id = await rows.customer(offset=5)
    await customers.mark_read(dana.id, customer_id, 3)
    assert [item["unread"] for item in (await page(database, dana)).items] == [2]
    assert [item["unread"] for item in (await page(database, lee)).items] == [5]


async def test_a_mark_never_goes_back_nor_beyond_the_latest(
    database: Database, rows: Rows, people: dict[str, Agent]
) -> None:
    customers, dana = Customers(database), people["dana"]
    customer_id = await rows.customer(offset=5)
    mark = 'SELECT "offset" FROM read_marks'
    await customers.mark_read(dana.id, customer_id, 4)
    await customers.mark_read(dana.id, customer_id, 2)
    assert await rows.value(mark) == 4
    await customers.mark_read(dana.id, customer_id, 99)
    assert await rows.value(mark) == 5
    await customers.mark_read(dana.id, customer_id + 1, 1)
    assert await rows.value("SELECT count(*) FROM read_marks") == 1


async def test_one_customer_and_its_position(database: Database, rows: Rows, people: dict[str, Agent]) -> None:
    customer_id = await rows.customer("Acme", offset=7, fields={"plan": "gold"})
    customers = Customers(database)
    snapshot = await customers.snapshot(customer_id)
    assert snapshot is not None
    assert snapshot.customer == await customers.get(customer_id)
    assert (snapshot.offset, snapshot.epoch) == (7, await rows.value("SELECT epoch FROM history"))
    assert snapshot.customer.fields == {"plan": "gold"}
    assert await customers.snapshot(customer_id + 1) is None
    assert await customers.get(customer_id + 1) is None
    assert people["dana"].id == DANA.id


async def test_a_ref_is_unique(rows: Rows) -> None:
    await rows.customer(ref="AC-1")
    with pytest.raises(asyncpg.UniqueViolationError):
        await rows.customer(ref="AC-1")


async def test_a_page_shows_customers_as_they_are(database: Database, rows: Rows, people: dict[str, Agent]) -> None:
    """The short way from rows to JSON gives what the objects give, to the letter."""
    values = {"fields": {"a": [1.5, None, {"ü": True}], "b": "x\u2028"}, "assigned_to": people["lee"].id, "phone": "1"}
    later = MORNING + timedelta(microseconds=7)
    ids = [
        await rows.customer("Acme", updated_at=MORNING, created_at=MORNING),
        await rows.customer("Über & Co", ref="X", email="a@b", **values, updated_at=later),
    ]
    for sort in Sort:
        items = (await page(database, people["dana"], sort=sort)).items
        shown = {item["id"]: item for item in orjson.loads(orjson.dumps(items))}
        for customer_id in ids:
            customer = await Customers(database).get(customer_id)
            assert customer is not None
            assert shown[customer_id] == orjson.loads(orjson.dumps(customer.as_json() | {"unread": 0}))
            assert list(shown[customer_id]) == [*customer.as_json(), "unread"]
