"""Where agents see only their own and unassigned customers, every HTTP door says that there are no others."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from tests.ground.eventually import eventually
from tests.http.desk import Desk, problem


def doors(customer_id: int) -> list[tuple[str, str, dict[str, Any] | None]]:
    path = f"/api/customers/{customer_id}"
    return [
        ("GET", path, None),
        ("PATCH", path, {"base_version": 1, "changes": {"status": "open"}}),
        ("PATCH", path, {"base_version": 99, "changes": {"status": "open"}}),
        ("POST", f"{path}/comments", {"body": "hello"}),
        ("POST", f"{path}/comments", {"body": "hello", "seen_offset": 99, "reply_to": 1}),
        ("PATCH", f"{path}/comments/2", {"body": "hello"}),
        ("DELETE", f"{path}/comments/2", None),
        ("GET", f"{path}/actions", None),
        ("GET", f"{path}/actions?after=0&wait=20", None),
        ("GET", f"{path}/presence", None),
        ("POST", f"{path}/read", {"offset": 1}),
    ]


def anonymous(answer: httpx.Response, customer_id: int) -> tuple[int, str]:
    return answer.status_code, answer.text.replace(str(customer_id), "?")


async def test_a_customer_out_of_sight_is_one_that_does_not_exist(strict_desk: Desk) -> None:
    desk = strict_desk
    lees = await desk.customer(assigned_to=desk.agents["lee"].id)
    await desk.of("lee").post(f"/api/customers/{lees['id']}/comments", json={"body": "secret"})
    dana = desk.of("dana")
    for (method, path, body), (_, unknown, _) in zip(doors(lees["id"]), doors(4711), strict=True):
        hidden = await dana.request(method, path, json=body)
        missing = await dana.request(method, unknown, json=body)
        problem(hidden, 404, "not-found")
        assert anonymous(hidden, lees["id"]) == anonymous(missing, 4711), (method, path)
    now = (await desk.of("lee").get(f"/api/customers/{lees['id']}")).json()
    assert (now["offset"], now["version"]) == (2, 1)


async def test_lists_counts_and_bulk_leave_it_out(strict_desk: Desk) -> None:
    desk = strict_desk
    lees = await desk.customer(name="Lee's", assigned_to=desk.agents["lee"].id)
    await desk.customer(name="Nobody's")
    dana = desk.of("dana")
    for params in ({}, {"q": "s"}, {"sort": "name"}, {"assigned_to": str(desk.agents["lee"].id)}):
        items = (await dana.get("/api/customers", params=params)).json()["items"]
        assert "Lee's" not in [item["name"] for item in items]
    assert (await dana.get("/api/customers/counts")).json()["new"] == 1
    bulk = await dana.post("/api/customers/bulk", json={"customer_ids": [lees["id"]], "changes": {"status": "open"}})
    assert [item["status"] for item in bulk.json()["items"]] == [404]


async def test_supervisors_and_the_assignee_see_it(strict_desk: Desk) -> None:
    desk = strict_desk
    lees = await desk.customer(assigned_to=desk.agents["lee"].id)
    for name in ("lee", "ines", "root"):
        assert (await desk.of(name).get(f"/api/customers/{lees['id']}")).status_code == 200


async def test_whoever_gives_a_customer_away_loses_sight_of_it(strict_desk: Desk) -> None:
    desk = strict_desk
    customer = await desk.customer(assigned_to=desk.agents["dana"].id)
    dana, path = desk.of("dana"), f"/api/customers/{customer['id']}"
    body = {"base_version": 1, "changes": {"assigned_to": desk.agents["lee"].id}, "command_id": str(uuid4())}
    given = await dana.patch(path, json=body)
    assert given.status_code == 200
    problem(await dana.get(path), 404, "not-found")
    await desk.of("lee").patch(path, json={"base_version": 2, "changes": {"name": "Secret name"}})
    again = await dana.patch(path, json=body)  # a retry is still told of its action, and of nothing since
    assert again.json() == {"customer": None, "action": given.json()["action"]}
    assert "Secret" not in again.text


async def test_a_long_poll_ends_with_the_permission(strict_desk: Desk) -> None:
    desk = strict_desk
    customer = await desk.customer(assigned_to=desk.agents["dana"].id)
    path = f"/api/customers/{customer['id']}"
    polling = asyncio.create_task(desk.of("dana").get(f"{path}/actions", params={"after": 1, "wait": 20}))
    await eventually(lambda: desk.services.hub.channels == 1, what="the poll waits")
    await desk.of("lee").get(path)
    body = {"base_version": 1, "changes": {"assigned_to": desk.agents["lee"].id}}
    assert (await desk.of("ines").patch(path, json=body)).status_code == 200
    problem(await polling, 404, "not-found")


async def test_a_notice_names_its_customer_while_one_may_see_it(strict_desk: Desk) -> None:
    dana, lee = strict_desk.agents["dana"], strict_desk.agents["lee"]
    customer = await strict_desk.customer(name="Globex", assigned_to=dana.id)
    notices = (await strict_desk.of("dana").get("/api/notices")).json()["items"]
    assert [(notice["type"], notice["customer_name"]) for notice in notices] == [("assigned", "Globex")]
    change = {"base_version": 1, "changes": {"assigned_to": lee.id}}
    await strict_desk.of("ines").patch(f"/api/customers/{customer['id']}", json=change)
    notices = (await strict_desk.of("dana").get("/api/notices")).json()["items"]
    assert [(notice["type"], notice["customer_name"]) for notice in notices] == [
        ("unassigned", None),
        ("assigned", None),
    ]
