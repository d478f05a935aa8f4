"""Changing a customer over HTTP: bases, conflicts, what merges, and many at once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from server.models.responses import BulkOut, ChangedOut
from tests.http.desk import Desk, problem, rules


async def change(
    desk: Desk, customer: dict[str, Any], by: str = "dana", headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    return await desk.of(by).patch(f"/api/customers/{customer['id']}", json=body, headers=headers)


async def test_a_change_answers_the_customer_and_its_action(desk: Desk) -> None:
    customer = await desk.customer(status="open", fields={"plan": "gold", "old": 1})
    answer = await change(
        desk, customer, base_version=1, changes={"status": "waiting", "fields": {"plan": "silver", "old": None}}
    )
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    body = answer.json()
    ChangedOut.model_validate(body)
    assert (body["customer"]["status"], body["customer"]["fields"]) == ("waiting", {"plan": "silver"})
    assert (body["customer"]["version"], body["customer"]["offset"]) == (2, 2)
    assert body["action"]["kind"] == "update"
    assert body["action"]["changes"] == {
        "status": {"from": "open", "to": "waiting"},
        "fields.plan": {"from": "gold", "to": "silver"},
        "fields.old": {"from": 1, "to": None},
    }
    assert body["action"]["actor"] == {"id": desk.agents["dana"].id, "name": "Dana"}
    assert body["customer"]["updated_at"] == body["action"]["created_at"]


async def test_what_is_so_already_changes_nothing(desk: Desk) -> None:
    customer = await desk.customer(status="open")
    answer = await change(desk, customer, base_version=1, changes={"status": "open"})
    assert answer.status_code == 200
    assert answer.json()["action"] is None
    assert answer.json()["customer"]["version"] == 1


async def test_a_field_that_changed_since_the_base_is_a_conflict_that_tells_all(desk: Desk) -> None:
    customer = await desk.customer(status="open")
    theirs = await change(desk, customer, "lee", base_version=1, changes={"status": "waiting"})
    answer = await change(desk, customer, base_version=1, changes={"status": "resolved", "name": "Acme Inc"})
    document = problem(answer, 409, "edit-conflict")
    assert document["detail"].startswith("status was changed to waiting by Lee")
    assert (document["customer_id"], document["base_version"], document["current_version"]) == (customer["id"], 1, 2)
    assert document["conflicts"] == [
        {
            "field": "status",
            "base": "open",
            "yours": "resolved",
            "theirs": "waiting",
            "actor": {"id": desk.agents["lee"].id, "name": "Lee"},
            "offset": 2,
        }
    ]
    assert document["customer"] == theirs.json()["customer"]
    assert document["actions"] == [theirs.json()["action"]]
    now = (await desk.of("dana").get(f"/api/customers/{customer['id']}")).json()
    assert now == theirs.json()["customer"]  # nothing of the refused change was written


async def test_fields_that_did_not_change_since_merge(desk: Desk) -> None:
    customer = await desk.customer(fields={"plan": "gold"})
    await change(desk, customer, "lee", base_version=1, changes={"fields": {"plan": "silver"}})
    answer = await change(desk, customer, base_version=1, changes={"fields": {"seats": 3}, "priority": "high"})
    assert answer.status_code == 200
    assert answer.json()["customer"]["fields"] == {"plan": "silver", "seats": 3}
    assert set(answer.json()["action"]["changes"]) == {"fields.seats", "priority"}


@pytest.mark.parametrize("base", ["base_version", "base_updated_at", "If-Match"])
async def test_a_comment_is_no_conflict(desk: Desk, base: str) -> None:
    customer = await desk.customer()
    await desk.of("lee").post(f"/api/customers/{customer['id']}/comments", json={"body": "hello"})
    changes = {"priority": "high"}
    if base == "If-Match":
        answer = await change(desk, customer, headers={"If-Match": '"1"'}, changes=changes)
    else:
        answer = await change(
            desk, customer, **{base: customer[base.removeprefix("base_")]}, strict=True, changes=changes
        )
    assert answer.status_code == 200


async def test_strict_compares_the_whole(desk: Desk) -> None:
    customer = await desk.customer()
    await change(desk, customer, "lee", base_version=1, changes={"priority": "low"})
    refused = await change(desk, customer, base_version=1, strict=True, changes={"status": "open"})
    problem(refused, 409, "edit-conflict")
    assert (await change(desk, customer, base_version=2, strict=True, changes={"status": "open"})).status_code == 200


async def test_a_base_named_by_its_time_compares_the_whole(desk: Desk) -> None:
    customer = await desk.customer()
    first = await change(desk, customer, "lee", base_updated_at=customer["updated_at"], changes={"priority": "low"})
    assert first.status_code == 200
    stale = await change(desk, customer, base_updated_at=customer["updated_at"], changes={"status": "open"})
    problem(stale, 409, "edit-conflict")
    fresh = first.json()["customer"]["updated_at"]
    assert (await change(desk, customer, base_updated_at=fresh, changes={"status": "open"})).status_code == 200


async def test_if_match_answers_412_with_the_same_document(desk: Desk) -> None:
    customer = await desk.customer()
    good = await change(desk, customer, "lee", headers={"If-Match": '"1"'}, changes={"priority": "low"})
    assert (good.status_code, good.headers["etag"]) == (200, '"2"')
    answer = await change(desk, customer, headers={"If-Match": '"1"'}, changes={"status": "open"})
    document = problem(answer, 412, "edit-conflict")
    assert document["current_version"] == 2
    assert [conflict["field"] for conflict in document["conflicts"]] == ["priority"]
    assert (await change(desk, customer, headers={"If-Match": 'W/"2"'}, changes={"status": "open"})).status_code == 200


async def test_without_a_base_nothing_is_changed(desk: Desk) -> None:
    customer = await desk.customer()
    document = problem(await change(desk, customer, changes={"status": "open"}), 428, "base-missing")
    assert "base_version" in document["detail"]


@pytest.mark.parametrize("header", ["*", '"abc"', "1", '"1", "2"', '""', '"0"'])
async def test_if_match_must_be_one_version(desk: Desk, header: str) -> None:
    customer = await desk.customer()
    answer = await change(desk, customer, headers={"If-Match": header}, changes={"status": "open"})
    assert set(rules(answer)) == {"If-Match"}


async def test_two_bases_must_agree(desk: Desk) -> None:
    customer = await desk.customer()
    header, changes = {"If-Match": '"1"'}, {"status": "open"}
    assert set(rules(await change(desk, customer, headers=header, base_version=2, changes=changes))) == {"If-Match"}
    both = {"base_version": 1, "base_updated_at": customer["updated_at"]}
    assert set(rules(await change(desk, customer, **both, changes=changes))) == {"base_updated_at"}
    answer = await change(desk, customer, headers=header, base_version=1, changes=changes)
    assert answer.status_code == 200


async def test_a_base_from_the_future_is_refused(desk: Desk) -> None:
    customer = await desk.customer()
    assert set(rules(await change(desk, customer, base_version=9, changes={"status": "open"}))) == {"base_version"}


async def test_of_many_who_change_one_field_at_once_one_wins(desk: Desk) -> None:
    customer = await desk.customer(status="new")
    clients = [desk.of(name) for name in ("dana", "lee", "ines", "root")]
    statuses = ["open", "waiting", "resolved", "closed"]
    answers = await asyncio.gather(
        *(
            client.patch(f"/api/customers/{customer['id']}", json={"base_version": 1, "changes": {"status": status}})
            for client, status in zip(clients, statuses, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    won = next(answer.json()["customer"] for answer in answers if answer.status_code == 200)
    assert all(answer.json()["customer"] == won for answer in answers)


async def test_a_customer_that_is_not_there_cannot_be_changed(desk: Desk) -> None:
    problem(await change(desk, {"id": 4711}, base_version=1, changes={"status": "open"}), 404, "not-found")


# Many at once


async def bulk(desk: Desk, ids: list[int], changes: dict[str, Any], **more: Any) -> httpx.Response:
    return await desk.of("dana").post("/api/customers/bulk", json={"customer_ids": ids, "changes": changes, **more})


async def test_each_of_many_has_its_own_result(desk: Desk) -> None:
    ids = [(await desk.customer())["id"] for _ in range(3)]
    answer = await bulk(desk, [ids[2], 4711, ids[0], ids[2], ids[1]], {"status": "open"})
    assert answer.status_code == 200
    BulkOut.model_validate(answer.json())
    items = answer.json()["items"]
    assert [(item["customer_id"], item["status"]) for item in items] == [
        (ids[0], 200),
        (ids[1], 200),
        (ids[2], 200),
        (4711, 404),
    ]
    assert all(item["customer"]["status"] == "open" and item["action"]["offset"] == 2 for item in items[:3])
    assert items[3]["problem"]["type"] == "/problems/not-found"


async def test_repeating_a_bulk_change_writes_nothing_twice(desk: Desk) -> None:
    ids = [(await desk.customer())["id"] for _ in range(3)]
    whole = str(uuid4())
    first = (await bulk(desk, ids, {"status": "open"}, command_id=whole)).json()["items"]
    second = (await bulk(desk, ids, {"status": "open"}, command_id=whole)).json()["items"]
    assert [item["action"] for item in first] == [item["action"] for item in second]
    assert len({item["action"]["command_id"] for item in first}) == 3
    reused = (await bulk(desk, ids, {"status": "closed"}, command_id=whole)).json()["items"]
    assert [item["status"] for item in reused] == [422, 422, 422]


async def test_many_many_at_once_do_not_block_each_other(desk: Desk) -> None:
    ids = [(await desk.customer())["id"] for _ in range(60)]
    answers = await asyncio.gather(
        bulk(desk, ids, {"status": "open"}), bulk(desk, ids[::-1], {"priority": "high"}), bulk(desk, ids, {"name": "B"})
    )
    for answer in answers:
        assert {item["status"] for item in answer.json()["items"]} == {200}
    page = (await desk.of("dana").get("/api/customers")).json()["items"]
    assert {(item["status"], item["priority"], item["name"], item["version"]) for item in page} == {
        ("open", "high", "B", 4)
    }
