"""The laws of the contract that concern one write after another, each shown by causing it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from channels.action import ActionKind
from channels.agent import Visibility
from channels.command import AddComment, Base, CreateCustomer, DeleteComment, EditComment, UpdateCustomer
from channels.errors import (
    AlreadyExists,
    CommandIdReused,
    EditConflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    UnseenActions,
)
from channels.notice import NoticeType
from tests.writing.conftest import Desk


async def test_fifty_writers_to_one_customer_leave_no_gap_and_lose_nothing(desk: Desk) -> None:
    customer = await desk.customer()
    bodies = [f"comment {number}" for number in range(50)]
    recorded = await asyncio.gather(*(desk.comment(customer, body, by=n % 4) for n, body in enumerate(bodies)))
    log = await desk.log(customer.id)
    assert [row["offset"] for row in log] == list(range(1, 52))
    assert {row["body"] for row in log[1:]} == set(bodies)
    assert sorted(one.action.offset for one in recorded if one.action) == list(range(2, 52))
    assert (await desk.row(customer.id))["offset"] == 51
    published = [one.action.offset for one in desk.committed if one.action and one.customer.id == customer.id]
    assert published == list(range(1, 52)), "published in commit order"


async def test_of_fifty_edits_of_one_field_from_one_version_exactly_one_succeeds(desk: Desk) -> None:
    customer = await desk.customer()
    outcomes = await asyncio.gather(
        *(desk.change(customer, 1, by=n % 4, name=f"name {n}") for n in range(50)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert all(isinstance(error, EditConflict) for error in refused)
    assert (await desk.row(customer.id))["version"] == 2


async def test_the_conflict_tells_base_yours_theirs_by_whom_and_the_current_state(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.change(customer, 1, by=1, status="in_progress")
    await desk.comment(customer, by=1)
    taken = await desk.change(customer, 2, by=2, status="waiting", priority="high")
    with pytest.raises(EditConflict) as refused:
        await desk.change(customer, 1, by=0, status="resolved")
    document = refused.value.document.as_json()
    assert document["base_version"] == 1
    assert document["current_version"] == 3
    assert document["conflicts"] == [
        {
            "field": "status",
            "base": "open",
            "yours": "resolved",
            "theirs": "waiting",
            "actor": {"id": desk.agents[2].id, "name": "Sam"},
            "offset": 4,
        }
    ]
    assert document["customer"] == taken.customer.as_json()
    assert [action["offset"] for action in document["actions"]] == [2, 4]
    assert "status was changed to waiting by Sam" in str(refused.value)


async def test_edits_of_different_fields_both_succeed_and_a_comment_never_conflicts(desk: Desk) -> None:
    customer = await desk.customer()
    first, second, _ = await asyncio.gather(
        desk.change(customer, 1, by=0, status="waiting"),
        desk.change(customer, 1, by=1, fields__plan="gold"),
        desk.comment(customer, by=2),
    )
    assert {first.action.kind, second.action.kind} == {ActionKind.STATUS_CHANGE, ActionKind.UPDATE}
    row = await desk.row(customer.id)
    assert (row["status"], row["fields"], row["version"], row["offset"]) == ("waiting", {"plan": "gold"}, 3, 4)
    third = await desk.change(customer, 3, by=2, name="Acme Ltd")
    assert third.customer.version == 4


async def test_strict_compares_the_whole_customer(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.change(customer, 1, by=1, priority="high")
    with pytest.raises(EditConflict) as refused:
        await desk.write(UpdateCustomer(customer.id, {"status": "waiting"}, Base(version=1, strict=True)))
    assert [conflict.field for conflict in refused.value.document.conflicts] == ["priority"]
    with pytest.raises(EditConflict):
        await desk.write(UpdateCustomer(customer.id, {"status": "waiting"}, Base(updated_at=customer.updated_at)))
    await desk.comment(customer)
    fresh = (await desk.row(customer.id))["updated_at"]
    merged = await desk.write(UpdateCustomer(customer.id, {"status": "waiting"}, Base(updated_at=fresh)))
    assert merged.customer.version == 3


async def test_a_base_of_the_future_is_refused(desk: Desk) -> None:
    customer = await desk.customer()
    with pytest.raises(InvalidRequest, match="base_version"):
        await desk.change(customer, 9, status="waiting")


async def test_a_change_to_what_is_there_already_writes_nothing(desk: Desk) -> None:
    customer = await desk.customer()
    unchanged = await desk.change(customer, 1, status="open")
    assert unchanged.action is None
    assert (await desk.row(customer.id))["offset"] == 1


async def test_a_retried_command_yields_one_action_and_the_same_answer(desk: Desk) -> None:
    customer = await desk.customer()
    command_id = uuid4()
    intent = AddComment(customer.id, "once")
    answers = await asyncio.gather(*(desk.write(intent, command_id=command_id) for _ in range(5)))
    again = await desk.write(intent, command_id=command_id)
    assert len({answer.action.id for answer in [*answers, again] if answer.action}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert again.replayed
    assert len(await desk.log(customer.id)) == 2
    told = [one.action.offset for one in desk.committed if one.action]
    assert set(told) == {1, 2}
    assert [one.written for one in desk.committed].count(True) == 2, "a retry only tells again what was written"


async def test_the_same_id_with_another_payload_is_refused_and_of_another_agent_is_another(desk: Desk) -> None:
    customer = await desk.customer()
    command_id = uuid4()
    await desk.write(AddComment(customer.id, "one"), command_id=command_id)
    with pytest.raises(CommandIdReused):
        await desk.write(AddComment(customer.id, "two"), command_id=command_id)
    other = await desk.write(AddComment(customer.id, "two"), by=1, command_id=command_id)
    assert other.action is not None
    assert other.action.offset == 3


async def test_a_retried_update_is_replayed_although_its_base_is_stale_by_then(desk: Desk) -> None:
    customer = await desk.customer()
    command_id = uuid4()
    intent = UpdateCustomer(customer.id, {"status": "waiting"}, Base(version=1))
    first = await desk.write(intent, command_id=command_id)
    await desk.change(customer, 2, by=1, status="resolved")
    again = await desk.write(intent, command_id=command_id)
    assert again.replayed
    assert again.action == first.action
    assert again.customer.status == "resolved", "the customer as it is now"


async def test_one_creation_for_one_command_and_a_ref_is_unique(desk: Desk) -> None:
    command_id = uuid4()
    intent = CreateCustomer({"name": "Acme", "ref": "AC-1", "fields.plan": "gold"})
    first, second = [await desk.write(intent, command_id=command_id) for _ in range(2)]
    assert first.customer.id == second.customer.id
    assert first.customer.fields == {"plan": "gold"}
    with pytest.raises(AlreadyExists):
        await desk.write(intent)


async def test_a_comment_is_held_back_by_unseen_actions_of_others_only(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.comment(customer, "mine", by=0)
    own = await desk.comment(customer, "mine again", by=0, seen_offset=1)
    assert own.action is not None
    await desk.comment(customer, "yours", by=1)
    with pytest.raises(UnseenActions) as refused:
        await desk.comment(customer, "answer", by=0, seen_offset=3)
    assert [action["body"] for action in refused.value.document.as_json()["actions"]] == ["yours"]
    assert (await desk.comment(customer, "answer", by=0, seen_offset=4)).action is not None
    with pytest.raises(InvalidRequest, match="seen_offset"):
        await desk.comment(customer, "answer", by=0, seen_offset=99)


async def test_comments_are_edited_and_deleted_by_their_author_or_a_supervisor(desk: Desk) -> None:
    customer = await desk.customer()
    comment = (await desk.comment(customer, "typo", by=0)).action
    assert comment is not None
    with pytest.raises(PermissionDenied):
        await desk.write(EditComment(customer.id, comment.offset, "mended"), by=1)
    edited = await desk.write(EditComment(customer.id, comment.offset, "mended"), by=0)
    assert edited.action is not None
    assert (edited.action.reply_to, edited.action.body) == (comment.offset, "mended")
    assert (await desk.write(EditComment(customer.id, comment.offset, "mended"), by=3)).action is None
    await desk.write(DeleteComment(customer.id, comment.offset), by=3)
    with pytest.raises(NotFound):
        await desk.write(EditComment(customer.id, comment.offset, "again"), by=0)
    with pytest.raises(NotFound):
        await desk.write(DeleteComment(customer.id, 1), by=3)
    log = await desk.log(customer.id)
    assert [row["kind"] for row in log] == ["created", "comment", "comment_edited", "comment_deleted"]
    assert log[1]["body"] == "typo", "the log keeps the original"


async def test_who_is_named_is_told_once_with_offsets_of_its_own(desk: Desk) -> None:
    customer = await desk.customer()
    comment = await desk.comment(customer, "look, @lee and @sam, but not @dana or x@ines.example", by=0)
    assert comment.action is not None
    assert comment.action.mentions == (desk.agents[1].id, desk.agents[2].id, desk.agents[0].id)
    assert [(n.agent_id, n.type, n.offset) for n in comment.notices] == [
        (desk.agents[1].id, NoticeType.MENTIONED, 1),
        (desk.agents[2].id, NoticeType.MENTIONED, 1),
    ]
    reply = await desk.comment(customer, "done", by=1, reply_to=comment.action.offset)
    assert [(n.agent_id, n.type) for n in reply.notices] == [(desk.agents[0].id, NoticeType.REPLIED)]
    moved = await desk.change(customer, 1, by=3, assigned_to=desk.agents[1].id)
    again = await desk.change(customer, 2, by=3, assigned_to=desk.agents[2].id)
    assert [(n.agent_id, n.type, n.offset) for n in moved.notices] == [(desk.agents[1].id, NoticeType.ASSIGNED, 2)]
    assert {(n.agent_id, n.type) for n in again.notices} == {
        (desk.agents[1].id, NoticeType.UNASSIGNED),
        (desk.agents[2].id, NoticeType.ASSIGNED),
    }


async def test_a_reply_needs_a_comment_and_an_assignee_an_active_agent(desk: Desk) -> None:
    customer = await desk.customer()
    with pytest.raises(InvalidRequest, match="reply_to"):
        await desk.comment(customer, "to what?", reply_to=1)
    with pytest.raises(InvalidRequest, match="assigned_to"):
        await desk.change(customer, 1, assigned_to=999)
    with pytest.raises(NotFound):
        await desk.write(AddComment(10**9, "where?"))


async def test_under_assigned_visibility_another_ones_customer_does_not_exist(desk: Desk) -> None:
    customer = await desk.customer(assigned_to=desk.agents[0].id)
    desk.visibility = Visibility.ASSIGNED
    with pytest.raises(NotFound):
        await desk.comment(customer, by=1)
    assert (await desk.comment(customer, by=0)).action is not None
    assert (await desk.comment(customer, by=3)).action is not None


async def test_a_bad_command_harms_no_neighbour_of_its_batch(desk: Desk) -> None:
    customers = [await desk.customer(ref=f"R-{n}") for n in range(8)]
    outcomes = await asyncio.gather(
        *(desk.comment(customer, f"to {customer.id}") for customer in customers),
        desk.write(CreateCustomer({"name": "taken", "ref": "R-3"})),
        desk.write(AddComment(10**9, "where?")),
        return_exceptions=True,
    )
    assert [type(outcome).__name__ for outcome in outcomes[-2:]] == ["AlreadyExists", "NotFound"]
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes[:-2])


async def test_what_one_agent_sends_to_one_customer_is_recorded_in_that_order(desk: Desk) -> None:
    customer = await desk.customer()
    waiting = []
    for number in range(30):
        if number % 5 == 4:
            intent = UpdateCustomer(customer.id, {"fields.step": number}, Base(version=1 + number // 5))
            waiting.append(asyncio.ensure_future(desk.write(intent)))
        else:
            waiting.append(asyncio.ensure_future(desk.comment(customer, str(number))))
        await asyncio.gather(*waiting[-1:]) if number % 7 == 0 else None
    recorded = await asyncio.gather(*waiting)
    offsets = [one.action.offset for one in recorded if one.action]
    assert offsets == sorted(offsets)
    assert len(offsets) == 30


async def test_what_follows_a_change_in_one_transaction_tells_when_that_change_was(desk: Desk) -> None:
    """Lists are told the whole customer with each action: a comment's must not bring back the time before."""
    customer = await desk.customer()
    changed, commented = await asyncio.gather(
        desk.change(customer, customer.version, priority="high"), desk.comment(customer)
    )
    assert changed.action is not None
    assert commented.action is not None
    assert (commented.action.offset, commented.customer.offset) == (3, 3)
    assert commented.action.created_at == changed.action.created_at, "one transaction wrote both"
    assert commented.customer.updated_at == changed.customer.updated_at == changed.action.created_at
    assert (await desk.row(customer.id))["updated_at"] == commented.customer.updated_at
