"""Comments and the log over HTTP, also as the way back for clients that cannot hold a socket."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from server.models.responses import ActionOut, ActionsOut, NoticesOut, PresenceOut
from tests.ground.eventually import eventually
from tests.http.desk import Desk, problem, rules


async def comment(desk: Desk, customer: dict[str, Any], by: str = "dana", **body: Any) -> httpx.Response:
    return await desk.of(by).post(f"/api/customers/{customer['id']}/comments", json=body)


async def log(desk: Desk, customer: dict[str, Any], by: str = "dana", **params: Any) -> dict[str, Any]:
    answer = await desk.of(by).get(f"/api/customers/{customer['id']}/actions", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    ActionsOut.model_validate(body)
    return body


async def test_a_comment_is_an_action_with_its_mentions(desk: Desk) -> None:
    customer = await desk.customer()
    answer = await comment(desk, customer, body="Please, @lee and @Nobody: look.")
    assert answer.status_code == 201
    action = answer.json()
    ActionOut.model_validate(action)
    assert (action["kind"], action["offset"], action["version"]) == ("comment", 2, 1)
    assert action["body"] == "Please, @lee and @Nobody: look."
    assert action["mentions"] == [desk.agents["lee"].id]
    assert action["changes"] == {}


async def test_an_answer_names_the_comment_that_it_answers(desk: Desk) -> None:
    customer = await desk.customer()
    first = (await comment(desk, customer, body="Who takes it?")).json()
    answer = await comment(desk, customer, "lee", body="Me.", reply_to=first["offset"])
    assert answer.json()["reply_to"] == first["offset"]
    for no_comment in (1, 99):
        assert set(rules(await comment(desk, customer, body="?", reply_to=no_comment))) == {"reply_to"}


async def test_a_comment_may_insist_on_having_seen_everything(desk: Desk) -> None:
    customer = await desk.customer()
    theirs = (await comment(desk, customer, "lee", body="I refunded it.")).json()
    document = problem(await comment(desk, customer, body="Refund it?", seen_offset=1), 409, "unseen-actions")
    assert document["actions"] == [theirs]
    assert (document["seen_offset"], document["current_offset"]) == (1, 2)
    assert (await comment(desk, customer, body="Thanks.", seen_offset=2)).status_code == 201
    assert (await comment(desk, customer, body="My own do not count.", seen_offset=2)).status_code == 201
    assert set(rules(await comment(desk, customer, body="?", seen_offset=99))) == {"seen_offset"}


async def test_the_author_edits_and_deletes_and_the_log_keeps_the_original(desk: Desk) -> None:
    customer = await desk.customer()
    path = f"/api/customers/{customer['id']}/comments/2"
    await comment(desk, customer, body="Frist")
    edited = await desk.of("dana").patch(path, json={"body": "First, @lee"})
    assert edited.status_code == 200
    assert (edited.json()["kind"], edited.json()["reply_to"]) == ("comment_edited", 2)
    assert edited.json()["mentions"] == [desk.agents["lee"].id]
    same = await desk.of("dana").patch(path, json={"body": "First, @lee"})
    assert (same.status_code, same.content) == (204, b"")
    deleted = await desk.of("dana").delete(path)
    assert (deleted.status_code, deleted.json()["kind"], deleted.json()["reply_to"]) == (200, "comment_deleted", 2)
    problem(await desk.of("dana").delete(path), 404, "not-found")
    items = (await log(desk, customer, after=0))["items"]
    assert [(item["kind"], item["body"]) for item in items][1:] == [
        ("comment", "Frist"),
        ("comment_edited", "First, @lee"),
        ("comment_deleted", None),
    ]


async def test_others_comments_are_for_supervisors(desk: Desk) -> None:
    customer = await desk.customer()
    path = f"/api/customers/{customer['id']}/comments/2"
    await comment(desk, customer, body="Mine")
    problem(await desk.of("lee").patch(path, json={"body": "Yours"}), 403, "permission-denied")
    problem(await desk.of("lee").delete(path), 403, "permission-denied")
    assert (await desk.of("ines").patch(path, json={"body": "Moderated"})).status_code == 200
    assert (await desk.of("ines").delete(path)).status_code == 200


async def test_only_comments_can_be_edited(desk: Desk) -> None:
    customer = await desk.customer()
    for offset in (1, 99):
        path = f"/api/customers/{customer['id']}/comments/{offset}"
        problem(await desk.of("dana").patch(path, json={"body": "x"}), 404, "not-found")
        problem(await desk.of("dana").delete(path), 404, "not-found")


async def test_the_log_is_read_forwards_and_backwards(desk: Desk) -> None:
    customer = await desk.customer()
    for number in range(2, 8):
        await comment(desk, customer, body=f"comment {number}")

    async def offsets(**params: Any) -> list[int]:
        body = await log(desk, customer, **params)
        assert body["offset"] == 7
        return [item["offset"] for item in body["items"]]

    assert await offsets() == [7, 6, 5, 4, 3, 2, 1]
    assert await offsets(limit=2) == [7, 6]
    assert await offsets(limit=2, before=6) == [5, 4]
    assert await offsets(after=4) == [5, 6, 7]
    assert await offsets(after=4, limit=2) == [5, 6]
    assert await offsets(after=0, kind="created") == [1]
    assert await offsets(kind="comment,comment_edited", limit=1) == [7]
    assert await offsets(after=7) == []
    assert await offsets(after=99, wait=20) == []  # of another history: nothing to wait for


async def test_a_long_poll_answers_as_soon_as_there_is_something(desk: Desk) -> None:
    customer = await desk.customer()
    started = time.monotonic()
    waiting = asyncio.create_task(log(desk, customer, after=1, wait=20))
    await eventually(lambda: desk.services.hub.channels == 1, what="the poll waits")
    pool = desk.services.database
    await eventually(lambda: pool.idle == pool.size, what="no connection is held meanwhile")
    written = (await comment(desk, customer, "lee", body="news")).json()
    assert (await waiting)["items"] == [written]
    assert time.monotonic() - started < 10
    assert desk.services.hub.channels == 0


async def test_a_long_poll_for_a_kind_waits_for_that_kind(desk: Desk) -> None:
    customer = await desk.customer()
    waiting = asyncio.create_task(log(desk, customer, after=1, wait=20, kind="status_change"))
    await eventually(lambda: desk.services.hub.channels == 1, what="the poll waits")
    await comment(desk, customer, "lee", body="not what it waits for")
    body = {"base_version": 1, "changes": {"status": "open"}}
    changed = (await desk.of("lee").patch(f"/api/customers/{customer['id']}", json=body)).json()
    assert (await waiting)["items"] == [changed["action"]]


async def test_a_long_poll_without_news_ends_empty(desk: Desk) -> None:
    customer = await desk.customer()
    body = await log(desk, customer, after=1, wait=0.2)
    assert (body["items"], body["offset"]) == ([], 1)


async def test_asking_after_the_last_offset_misses_nothing(desk: Desk) -> None:
    customer = await desk.customer()
    writing = asyncio.gather(*(comment(desk, customer, "lee", body=f"{number}") for number in range(40)))
    seen: list[int] = []
    while len(seen) < 41:
        page = await log(desk, customer, after=seen[-1] if seen else 0, limit=7, wait=10)
        seen += [item["offset"] for item in page["items"]]
    await writing
    assert seen == list(range(1, 42))


async def test_nobody_is_there(desk: Desk) -> None:
    customer = await desk.customer()
    answer = await desk.of("dana").get(f"/api/customers/{customer['id']}/presence")
    PresenceOut.model_validate(answer.json())
    assert answer.json() == {"complete": True, "viewing": [], "editing": []}


async def test_notices_are_numbered_and_marked_as_read(desk: Desk) -> None:
    customer = await desk.customer(assigned_to=desk.agents["dana"].id)
    mention = (await comment(desk, customer, "lee", body="@dana?")).json()
    body = (await desk.of("dana").get("/api/notices")).json()
    NoticesOut.model_validate(body)
    assert [(item["offset"], item["type"]) for item in body["items"]] == [(2, "mentioned"), (1, "assigned")]
    assert body["items"][0]["action"] == mention
    assert body["items"][0]["customer_id"] == customer["id"]
    assert (body["offset"], body["read_offset"]) == (2, 0)
    assert (await desk.of("dana").post("/api/notices/read", json={"offset": 1})).status_code == 204
    after = (await desk.of("dana").get("/api/notices", params={"after": 1})).json()
    assert ([item["offset"] for item in after["items"]], after["read_offset"]) == ([2], 1)
    assert (await desk.of("lee").get("/api/notices")).json()["items"] == []
