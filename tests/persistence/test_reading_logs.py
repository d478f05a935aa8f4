"""Pages of a customer's log and of an agent's notices: live and archived halves read as one."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from channels.action import ActionKind
from channels.agent import Agent
from channels.errors import InvalidRequest, NotFound
from channels.names import customer_channel
from channels.notice import NoticeType
from persistence.actions import Actions
from persistence.database import Database
from persistence.notices import Notices
from persistence.stream import PostgresStream
from tests.persistence.conftest import MORNING, Rows


@pytest.fixture
async def customer_id(rows: Rows, people: dict[str, Agent]) -> int:
    """Seven actions, of which the first three are archived; the fifth is an assignment."""
    customer_id = await rows.customer()
    for offset in range(1, 8):
        kind = ActionKind.ASSIGNMENT if offset == 5 else ActionKind.COMMENT
        changes = {"assigned_to": {"from": None, "to": people["lee"].id}} if offset == 5 else {}
        more = {"kind": kind, "body": f"number {offset}", "changes": changes}
        await rows.action(customer_id, offset, people["dana"], archived=offset <= 3, **more)
    return customer_id


@pytest.mark.parametrize(
    ("after", "before", "limit", "offsets"),
    [
        (None, None, 3, [7, 6, 5]),
        (None, 5, 3, [4, 3, 2]),
        (None, 2, 3, [1]),
        (None, 1, 3, []),
        (0, None, 5, [1, 2, 3, 4, 5]),
        (2, None, 3, [3, 4, 5]),
        (6, None, 3, [7]),
        (7, None, 3, []),
        (99, None, 3, []),
    ],
)
async def test_pages_go_forward_from_after_and_back_from_before(
    database: Database,
    rows: Rows,
    customer_id: int,
    after: int | None,
    before: int | None,
    limit: int,
    offsets: list[int],
) -> None:
    page = await Actions(database).page(customer_id, after=after, before=before, limit=limit, kinds=None)
    assert [action["offset"] for action in page.items] == offsets
    assert (page.offset, page.epoch) == (7, await rows.value("SELECT epoch FROM history"))


async def test_a_page_can_hold_some_kinds_alone(database: Database, customer_id: int, people: dict[str, Agent]) -> None:
    kinds = [ActionKind.ASSIGNMENT, ActionKind.ARCHIVE]
    page = await Actions(database).page(customer_id, after=0, before=None, limit=9, kinds=kinds)
    (assignment,) = page.items
    assert assignment["offset"] == 5
    assert assignment["actor"]["name"] == "Dana"
    assert assignment["changes"] == {"assigned_to": {"from": None, "to": people["lee"].id}}


async def test_pages_show_actions_as_the_stream_does(database: Database, rows: Rows, people: dict[str, Agent]) -> None:
    """The short way from rows to JSON gives what the objects give, to the letter."""
    customer_id = await rows.customer()
    values = {
        "status": {"from": None, "to": "open"},
        "fields.a": {"from": 1.0, "to": ["ä", {"b": None}, 10**15, -(2**53), "\u2028", True, {"c": {"d\t": []}}]},
        'fields."\t': {"from": "\t\n\\", "to": 0.1},
    }
    full = {
        "body": 'ünï 👋 "quoted" \\t \t\r\n\x01\x7f\u2028 </script>',
        "reply_to": 1,
        "mentions": [people["lee"].id, people["dana"].id],
    }
    await rows.action(customer_id, 1, people["dana"], archived=True, created_at=MORNING)
    await rows.action(customer_id, 2, people["lee"], created_at=MORNING + timedelta(microseconds=120), **full)
    await rows.action(customer_id, 3, people["ines"], kind=ActionKind.UPDATE, changes=values, version=2)
    await rows.action(customer_id, 4, people["lee"], body="", mentions=[people["ines"].id])
    exact = MORNING + timedelta(microseconds=123456)
    await rows.action(customer_id, 5, people["lee"], body="answer", reply_to=4, created_at=exact)
    for offset, kind in enumerate(ActionKind, 6):
        await rows.action(customer_id, offset, people["dana"], kind=kind, version=offset)
    await rows.execute("UPDATE agents SET name = $1 WHERE id = $2", 'D. "\tä\\', people["dana"].id)
    page = await Actions(database).page(customer_id, after=0, before=None, limit=99, kinds=None)
    stream = await PostgresStream(database).read(customer_channel(customer_id), None, 0, 99)
    published = [orjson.loads(push.data)["action"] for push in stream.pushes]
    assert in_order(page.items) == in_order(published)  # as text, for which 1 and 1.0 differ
    assert [list(item) for item in page.items] == [list(action) for action in published]


def in_order(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


async def test_both_ends_at_once_are_refused(database: Database, customer_id: int) -> None:
    with pytest.raises(InvalidRequest, match="cannot be combined"):
        await Actions(database).page(customer_id, after=1, before=3, limit=9, kinds=None)


async def test_a_customer_without_actions_and_one_that_is_not_there(database: Database, rows: Rows) -> None:
    customer_id = await rows.customer()
    page = await Actions(database).page(customer_id, after=0, before=None, limit=9, kinds=None)
    assert (page.offset, page.items) == (0, [])
    with pytest.raises(NotFound):
        await Actions(database).page(customer_id + 1, after=0, before=None, limit=9, kinds=None)


@pytest.fixture
async def inbox(rows: Rows, people: dict[str, Agent], customer_id: int) -> Agent:
    """lee's, with notices about the actions 1 (archived), 5 and 6."""
    lee = people["lee"]
    types = {1: NoticeType.MENTIONED, 5: NoticeType.ASSIGNED, 6: NoticeType.REPLIED}
    for offset, (action, kind) in enumerate(types.items(), 1):
        notice = "INSERT INTO notices VALUES ($1, $2, $3, $4, $5, $6)"
        await rows.execute(notice, lee.id, offset, kind, customer_id, action, MORNING)
    await rows.execute('UPDATE inboxes SET "offset" = 3 WHERE agent_id = $1', lee.id)
    return lee


async def test_notices_are_paged_like_actions(database: Database, inbox: Agent) -> None:
    notices = Notices(database)
    newest = await notices.page(inbox.id, limit=2)
    assert [(notice.offset, notice.type) for notice in newest.items] == [
        (3, NoticeType.REPLIED),
        (2, NoticeType.ASSIGNED),
    ]
    assert (newest.offset, newest.read_offset) == (3, 0)
    older = await notices.page(inbox.id, before=2, limit=2)
    assert [notice.action.body for notice in older.items] == ["number 1"]
    assert [notice.offset for notice in (await notices.page(inbox.id, after=1, limit=9)).items] == [2, 3]
    with pytest.raises(InvalidRequest):
        await notices.page(inbox.id, after=1, before=2, limit=9)


async def test_an_empty_inbox_and_an_agent_that_is_not_there(database: Database, people: dict[str, Agent]) -> None:
    page = await Notices(database).page(people["dana"].id, limit=9)
    assert (page.offset, page.items) == (0, [])
    with pytest.raises(NotFound):
        await Notices(database).page(99, limit=9)


async def test_read_notices_never_become_unread_again(database: Database, inbox: Agent) -> None:
    notices = Notices(database)
    await notices.mark_read(inbox.id, 2)
    await notices.mark_read(inbox.id, 1)
    assert (await notices.page(inbox.id, limit=1)).read_offset == 2
    await notices.mark_read(inbox.id, 99)
    assert (await notices.page(inbox.id, limit=1)).read_offset == 3
