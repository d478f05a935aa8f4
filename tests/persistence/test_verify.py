"""`verify` finds each kind of damage, and nothing where there is none."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from channels.action import ActionKind
from channels.agent import Agent
from channels.errors import DatabaseUnavailable
from persistence.verify import LAWS, verify
from tests.ground.ports import free_port
from tests.persistence.conftest import MORNING, Rows

COMMAND = UUID(int=1)


@pytest.fixture
async def lawful(rows: Rows, people: dict[str, Agent]) -> None:
    """Customer 1, commented on, changed twice, and assigned to lee, who was told. Its first action is archived."""
    dana, lee = people["dana"], people["lee"]
    await rows.customer(
        "Acme",
        status="waiting",
        assigned_to=lee.id,
        fields={"plan": "gold"},
        field_versions={"status": 2, "assigned_to": 3},
        version=3,
        updated_at=MORNING,
    )
    created = {"name": {"from": None, "to": "Acme"}, "fields.plan": {"from": None, "to": "gold"}}
    await rows.action(1, 1, dana, kind=ActionKind.CREATED, changes=created, archived=True)
    await rows.action(1, 2, dana, body="hello", command_id=COMMAND)
    change = {"status": {"from": "new", "to": "waiting"}}
    await rows.action(1, 3, dana, kind=ActionKind.STATUS_CHANGE, changes=change, version=2)
    assignment = {"assigned_to": {"from": None, "to": lee.id}}
    await rows.action(1, 4, dana, kind=ActionKind.ASSIGNMENT, changes=assignment, version=3)
    await rows.action(1, 5, lee, body="yes", reply_to=2, version=3)
    await rows.execute("INSERT INTO notices VALUES ($1, 1, 'assigned', 1, 4, $2)", lee.id, MORNING)
    await rows.execute('UPDATE inboxes SET "offset" = 1 WHERE agent_id = $1', lee.id)
    await rows.execute("INSERT INTO read_marks VALUES ($1, 1, 5)", dana.id)


async def violations(database_url: str) -> dict[str, tuple[str, ...]]:
    names = {law: name for name, law in LAWS.items()}
    return {names[v.law]: v.violations async for v in verify(database_url) if v.violations}


@pytest.mark.usefixtures("lawful")
async def test_a_lawful_database_passes(database_url: str) -> None:
    assert await violations(database_url) == {}


DAMAGES = {
    "epoch": "DELETE FROM history",
    "offsets": 'UPDATE customers SET "offset" = 6',
    "halves": """
        INSERT INTO customer_actions_archive SELECT * FROM customer_actions WHERE "offset" = 2;
        UPDATE customer_actions_archive SET command_id = gen_random_uuid()
    """,
    "versions": 'UPDATE customer_actions SET version = 7 WHERE "offset" = 5',
    "latest_versions": "UPDATE customers SET updated_at = updated_at + interval '1 microsecond'",
    "field_versions": """UPDATE customers SET field_versions = '{"status": 2}'""",
    "changes": """
        UPDATE customer_actions SET changes = '{"status": {"from": "open", "to": "waiting"}}' WHERE "offset" = 3
    """,
    "states": "UPDATE customers SET fields = '{}'",
    "commands": f"UPDATE customer_actions_archive SET command_id = '{COMMAND}'",
    "references": "UPDATE customer_actions SET reply_to = 3 WHERE reply_to = 2",
    "inboxes": 'UPDATE inboxes SET "offset" = 2 WHERE "offset" = 1',
    "notices": "UPDATE notices SET action_offset = 9",
    "read_marks": 'UPDATE read_marks SET "offset" = 6',
}


def test_each_law_is_broken_once() -> None:
    assert list(DAMAGES) == list(LAWS)


@pytest.mark.usefixtures("lawful")
@pytest.mark.parametrize("law", DAMAGES)
async def test_damage_is_found_and_told(database_url: str, rows: Rows, law: str) -> None:
    for statement in DAMAGES[law].split(";"):
        await rows.execute(statement)
    found = await violations(database_url)
    assert law in found
    assert all(sentence for sentence in found[law])


@pytest.mark.usefixtures("lawful")
@pytest.mark.parametrize(
    ("statement", "law"),
    [
        ('DELETE FROM customer_actions WHERE "offset" = 2', "offsets"),
        ("DELETE FROM customer_actions", "offsets"),
        ("UPDATE customer_actions SET kind = 'comment_deleted', reply_to = NULL WHERE \"offset\" = 5", "references"),
        ('DELETE FROM inboxes WHERE "offset" = 0', "inboxes"),
        ("UPDATE inboxes SET read_offset = 2", "inboxes"),
        ("""UPDATE customers SET fields = '{"plan": "gold", "seats": 3}'""", "states"),
        ("UPDATE customers SET assigned_to = NULL", "states"),
    ],
)
async def test_other_damage_is_found_too(database_url: str, rows: Rows, statement: str, law: str) -> None:
    await rows.execute(statement)
    assert law in await violations(database_url)


async def test_at_most_five_of_a_kind_are_told(database_url: str, rows: Rows) -> None:
    for _ in range(9):
        await rows.customer(offset=1)
    assert len((await violations(database_url))["offsets"]) == 5


async def test_a_database_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(DatabaseUnavailable, match="check DATABASE_URL"):
        [verdict async for verdict in verify(f"postgresql://x@127.0.0.1:{free_port()}/{uuid4()}")]
