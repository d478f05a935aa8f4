"""Bad input: each is refused with one document that names the field and its rule, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.http.desk import Desk, problem, rules

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({"body": ""}, "body", "must not be blank"),
        ({"body": " \n\t"}, "body", "must not be blank"),
        ({"body": "x" * 10_001}, "body", "must have at most 10,000 characters"),
        ({"body": "a\0b"}, "body", "must not contain the character U+0000 or half a surrogate pair"),
        ({"body": "a\ud800b"}, "body", "must not contain the character U+0000 or half a surrogate pair"),
        ({"body": None}, "body", "must be a valid string"),
        ({"body": 7}, "body", "must be a valid string"),
        ({}, "body", "is required"),
        ({"body": "x", "reply_to": 0}, "reply_to", "must be 1 or more"),
        ({"body": "x", "reply_to": "2"}, "reply_to", "must be a valid integer"),
        ({"body": "x", "reply_to": 1.5}, "reply_to", "must be a valid integer"),
        ({"body": "x", "reply_to": True}, "reply_to", "must be a valid integer"),
        ({"body": "x", "reply_to": 2**63}, "reply_to", "must be 9223372036854775807 or less"),
        ({"body": "x", "seen_offset": -1}, "seen_offset", "must be 0 or more"),
        ({"body": "x", "command_id": "7"}, "command_id", None),
        ({"body": "x", "bold": True}, "bold", "is not known here"),
        ([], "body", None),
        ("x", "body", None),
        (None, "body", None),
    ],
)
async def test_comments(shared_desk: Desk, body: Any, field: str, rule: str | None) -> None:
    customer = await shared_desk.customer()
    path = f"/api/customers/{customer['id']}"
    content = json.dumps(body)  # httpx itself refuses what is no UTF-8
    broken = rules(await shared_desk.of("dana").post(f"{path}/comments", content=content, headers=JSON))
    assert set(broken) == {field}
    if rule is not None:
        assert broken[field] == rule
    assert (await shared_desk.of("dana").get(path)).json()["offset"] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "changes"),
        ({"fields": {}}, "changes"),
        ({"status": "lost"}, "changes.status"),
        ({"status": None}, "changes.status"),
        ({"priority": 3}, "changes.priority"),
        ({"name": None}, "changes.name"),
        ({"name": ""}, "changes.name"),
        ({"name": "x" * 201}, "changes.name"),
        ({"name": "a\0"}, "changes.name"),
        ({"ref": ""}, "changes.ref"),
        ({"email": "nobody"}, "changes.email"),
        ({"email": "a b@c"}, "changes.email"),
        ({"phone": "1" * 51}, "changes.phone"),
        ({"assigned_to": 0}, "changes.assigned_to"),
        ({"assigned_to": "me"}, "changes.assigned_to"),
        ({"assigned_to": 4711}, "assigned_to"),
        ({"archived": "yes"}, "changes.archived"),
        ({"archived": None}, "changes.archived"),
        ({"version": 7}, "changes.version"),
        ({"fields": []}, "changes.fields"),
        ({"fields": {"Plan": 1}}, "changes.fields.Plan"),
        ({"fields": {"": 1}}, "changes.fields."),
        ({"fields": {"a" * 65: 1}}, "changes.fields." + "a" * 65),
        ({"fields": {"a\0": 1}}, "changes.fields.a\0"),
        ({"fields": {f"k{number}": 1 for number in range(51)}}, "changes.fields"),
        ({"fields": {"a": "x" * 4095}}, "changes.fields.a"),
        ({"fields": {"a": nested(9)}}, "changes.fields.a"),
        ({"fields": {"a": "x\0"}}, "changes.fields.a"),
        ({"fields": {"a": ["\udfff"]}}, "changes.fields.a"),
        ({"fields": {"a": {"b\0": 1}}}, "changes.fields.a"),
        ({"fields": {"a": 2**53}}, "changes.fields.a"),
        ({"fields": {"a": 10**400}}, "changes.fields.a"),
        ({"fields": {"a": float("nan")}}, "changes.fields.a"),
        ({"fields": {"a": [float("-inf")]}}, "changes.fields.a"),
    ],
)
async def test_changes(shared_desk: Desk, changes: dict[str, Any], field: str) -> None:
    customer = await shared_desk.customer()
    path = f"/api/customers/{customer['id']}"
    content = json.dumps({"base_version": 1, "changes": changes})  # httpx refuses what is no JSON
    assert set(rules(await shared_desk.of("dana").patch(path, content=content, headers=JSON))) == {field}
    assert (await shared_desk.of("dana").get(path)).json() == customer


@pytest.mark.parametrize(
    "value", [True, False, 0, -1, 2**53 - 1, 1.5, "", "x" * 4094, "ä🙂\u2028", [], {}, [1, {"a": [None]}], nested(8)]
)
async def test_custom_fields_hold_any_small_json(shared_desk: Desk, value: Any) -> None:
    customer = await shared_desk.customer(fields={"a": value})
    assert customer["fields"] == {"a": value}
    got = (await shared_desk.of("dana").get(f"/api/customers/{customer['id']}")).json()
    assert got["fields"] == {"a": value}
    assert type(got["fields"]["a"]) is type(value)


async def test_comments_hold_any_text(shared_desk: Desk) -> None:
    customer = await shared_desk.customer()
    text = "'; DROP TABLE customers; -- <script>alert(1)</script> 🙂 \u202e\u2028\x07 " + "ä" * 9900
    answer = await shared_desk.of("dana").post(f"/api/customers/{customer['id']}/comments", json={"body": text})
    assert answer.status_code == 201
    assert answer.json()["body"] == text


@pytest.mark.parametrize(
    "changes", [{"base_version": 0}, {"base_version": "1"}, {"base_updated_at": "yesterday"}, {"strict": "yes"}]
)
async def test_bases(shared_desk: Desk, changes: dict[str, Any]) -> None:
    customer = await shared_desk.customer()
    body = {"changes": {"status": "open"}} | changes
    answer = await shared_desk.of("dana").patch(f"/api/customers/{customer['id']}", json=body)
    assert set(rules(answer)) == set(changes)


async def test_a_time_needs_its_zone(shared_desk: Desk) -> None:
    customer = await shared_desk.customer()
    body = {"changes": {"status": "open"}, "base_updated_at": customer["updated_at"].removesuffix("Z")}
    answer = await shared_desk.of("dana").patch(f"/api/customers/{customer['id']}", json=body)
    assert set(rules(answer)) == {"base_updated_at"}


async def test_every_broken_rule_is_named(shared_desk: Desk) -> None:
    body = {"name": "", "status": "lost", "colour": "red"}
    assert set(rules(await shared_desk.of("dana").post("/api/customers", json=body))) == {"name", "status", "colour"}


@pytest.mark.parametrize("content", [b"{", b'{"body": }', b'{"body": "x",}', b"{'body': 'x'}", b"[" * 30_000])
async def test_what_is_no_json(shared_desk: Desk, content: bytes) -> None:
    customer = await shared_desk.customer()
    path = f"/api/customers/{customer['id']}/comments"
    broken = rules(await shared_desk.of("dana").post(path, content=content, headers=JSON))
    assert set(broken) == {"body"}
    assert "JSON" in broken["body"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b'{"body": "\xff"}'])
async def test_what_is_no_utf_8(shared_desk: Desk, content: bytes) -> None:
    customer = await shared_desk.customer()
    path = f"/api/customers/{customer['id']}/comments"
    assert set(rules(await shared_desk.of("dana").post(path, content=content, headers=JSON))) == {"body"}


async def test_no_body_at_all(shared_desk: Desk) -> None:
    assert rules(await shared_desk.of("dana").post("/api/customers", headers=JSON)) == {"body": "is required"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_a_body_that_is_not_declared_as_json(shared_desk: Desk, kind: str) -> None:
    answer = await shared_desk.of("dana").post(
        "/api/customers", content=b'{"name": "A"}', headers={"Content-Type": kind}
    )
    assert kind in problem(answer, 415, "unsupported-media-type")["detail"]


async def test_an_announced_body_that_is_too_large(shared_desk: Desk) -> None:
    body = {"name": "Acme", "fields": {f"k{number}": "x" * 4000 for number in range(20)}}
    problem(await shared_desk.of("dana").post("/api/customers", json=body), 413, "payload-too-large")


async def test_a_streamed_body_that_grows_too_large_is_not_read_to_its_end(shared_desk: Desk) -> None:
    sent = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 8192
            yield b" " * 8192

    answer = await shared_desk.of("dana").post("/api/customers", content=stream(), headers=JSON)
    problem(answer, 413, "payload-too-large")
    assert sent <= 10 * 8192


async def test_unknown_addresses_and_methods(shared_desk: Desk) -> None:
    for path in ("/api", "/api/", "/api/nothing", "/api/customers/1/nothing", "/connection/nothing", "/problems/x"):
        problem(await shared_desk.of("dana").get(path), 404, "not-found")
    answer = await shared_desk.of("dana").put("/api/me", json={})
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"
    problem(await shared_desk.of("dana").get("/api/auth/login"), 405, "method-not-allowed")


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"sort": "size"}, "sort"),
        ({"status": "open,lost"}, "status.1"),
        ({"assigned_to": "dana"}, "assigned_to"),
        ({"assigned_to": "0"}, "assigned_to"),
        ({"assigned_to": "9223372036854775808"}, "assigned_to"),
        ({"archived": "maybe"}, "archived"),
        ({"q": "a\0b"}, "q"),
        ({"q": "x" * 201}, "q"),
        ({"cursor": "made up"}, "cursor"),
        ({"cursor": "\0"}, "cursor"),
        ({"page": "2"}, "page"),
    ],
)
async def test_what_the_list_does_not_know_is_named(shared_desk: Desk, params: dict[str, str], field: str) -> None:
    assert set(rules(await shared_desk.of("dana").get("/api/customers", params=params))) == {field}


@pytest.mark.parametrize("customer_id", ["0", "-1", "9223372036854775808", "abc", "1.5", "9" * 5000])
async def test_an_id_that_cannot_be_one_is_refused(shared_desk: Desk, customer_id: str) -> None:
    assert set(rules(await shared_desk.of("dana").get(f"/api/customers/{customer_id}"))) == {"customer_id"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"customer_ids": [], "changes": {"status": "open"}}, "customer_ids"),
        ({"customer_ids": list(range(1, 502)), "changes": {"status": "open"}}, "customer_ids"),
        ({"customer_ids": [1, 0], "changes": {"status": "open"}}, "customer_ids.1"),
        ({"customer_ids": [1, "2"], "changes": {"status": "open"}}, "customer_ids.1"),
        ({"customer_ids": [1], "changes": {}}, "changes"),
        ({"customer_ids": [1]}, "changes"),
        ({"customer_ids": [1], "changes": {"status": "open"}, "base_version": 1}, "base_version"),
    ],
)
async def test_a_bad_bulk_change_is_refused_as_a_whole(shared_desk: Desk, body: dict[str, Any], field: str) -> None:
    assert set(rules(await shared_desk.of("dana").post("/api/customers/bulk", json=body))) == {field}


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"after": 1, "before": 2}, "body"),
        ({"wait": 5}, "body"),
        ({"after": 1, "wait": 26}, "wait"),
        ({"after": -1}, "after"),
        ({"before": 0}, "before"),
        ({"limit": 101}, "limit"),
        ({"kind": "gossip"}, "kind.0"),
    ],
)
async def test_what_the_log_does_not_know_is_named(shared_desk: Desk, params: dict[str, Any], field: str) -> None:
    customer = await shared_desk.customer()
    answer = await shared_desk.of("dana").get(f"/api/customers/{customer['id']}/actions", params=params)
    assert set(rules(answer)) == {"query" if field == "body" else field}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "Sam", "name": "Sam"}, "username"),
        ({"username": "sam smith", "name": "Sam"}, "username"),
        ({"username": ".sam", "name": "Sam"}, "username"),
        ({"username": "s" * 33, "name": "Sam"}, "username"),
        ({"username": "", "name": "Sam"}, "username"),
        ({"username": "sam", "name": " "}, "name"),
        ({"username": "sam", "name": "S" * 201}, "name"),
        ({"username": "sam", "name": "Sam", "role": "king"}, "role"),
        ({"username": "sam", "name": "Sam", "password": "short"}, "password"),
        ({"username": "sam", "name": "Sam", "active": False}, "active"),
        ({"name": "Sam"}, "username"),
    ],
)
async def test_bad_accounts_are_refused_by_field(shared_desk: Desk, body: dict[str, object], field: str) -> None:
    assert set(rules(await shared_desk.of("root").post("/api/agents", json=body))) == {field}


@pytest.mark.parametrize("key", ["", "7", '"not a uuid"'])
async def test_a_key_is_a_uuid(shared_desk: Desk, key: str) -> None:
    customer = await shared_desk.customer()
    path, headers = f"/api/customers/{customer['id']}/comments", {"Idempotency-Key": key}
    assert rules(await shared_desk.of("dana").post(path, json={"body": "x"}, headers=headers)) == {
        "Idempotency-Key": "must be a quoted UUID"
    }
