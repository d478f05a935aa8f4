"""Retries: the same command is written once, whichever way it comes, and never means something else."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.http.desk import Desk, problem, rules

REPLAYED = "idempotency-replayed"


async def offsets(desk: Desk, customer: dict[str, Any]) -> list[int]:
    body = (await desk.of("dana").get(f"/api/customers/{customer['id']}/actions", params={"after": 0})).json()
    return [item["offset"] for item in body["items"]]


@pytest.mark.parametrize("quoted", ["{}", '"{}"'])
async def test_the_header_and_the_body_name_the_same_command(desk: Desk, quoted: str) -> None:
    customer, command_id = await desk.customer(), str(uuid4())
    path, dana = f"/api/customers/{customer['id']}/comments", desk.of("dana")
    first = await dana.post(path, json={"body": "once", "command_id": command_id})
    second = await dana.post(path, json={"body": "once"}, headers={"Idempotency-Key": quoted.format(command_id)})
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.json()["command_id"] == command_id
    assert await offsets(desk, customer) == [1, 2]


async def test_every_kind_of_write_can_be_repeated(desk: Desk) -> None:
    dana = desk.of("dana")

    async def twice(method: str, path: str, **json: Any) -> httpx.Response:
        headers = {"Idempotency-Key": f'"{uuid4()}"'}
        answers = [await dana.request(method, path, json=json or None, headers=headers) for _ in range(2)]
        assert answers[0].status_code == answers[1].status_code, answers[1].text
        assert answers[0].json() == answers[1].json()
        assert [REPLAYED in answer.headers for answer in answers] == [False, True]
        return answers[0]

    created = await twice("POST", "/api/customers", name="Acme", ref="AC-7")
    path = created.headers["location"]
    await twice("PATCH", path, base_version=1, changes={"status": "open"})
    await twice("POST", f"{path}/comments", body="hello")
    await twice("PATCH", f"{path}/comments/3", body="hello again")
    await twice("DELETE", f"{path}/comments/3")
    assert await offsets(desk, created.json()) == [1, 2, 3, 4, 5]


async def test_the_same_id_for_something_else_is_refused(desk: Desk) -> None:
    customer, dana = await desk.customer(), desk.of("dana")
    path, headers = f"/api/customers/{customer['id']}", {"Idempotency-Key": f'"{uuid4()}"'}
    await dana.post(f"{path}/comments", json={"body": "one"}, headers=headers)
    problem(await dana.post(f"{path}/comments", json={"body": "two"}, headers=headers), 422, "command-id-reused")
    change = {"base_version": 1, "changes": {"status": "open"}}
    problem(await dana.patch(path, json=change, headers=headers), 422, "command-id-reused")
    problem(await dana.post("/api/customers", json={"name": "X"}, headers=headers), 422, "command-id-reused")
    assert await offsets(desk, customer) == [1, 2]


async def test_ids_are_each_agents_own(desk: Desk) -> None:
    customer, headers = await desk.customer(), {"Idempotency-Key": f'"{uuid4()}"'}
    path = f"/api/customers/{customer['id']}/comments"
    for name in ("dana", "lee"):
        answer = await desk.of(name).post(path, json={"body": name}, headers=headers)
        assert answer.status_code == 201
    assert await offsets(desk, customer) == [1, 2, 3]


async def test_a_refused_command_may_be_sent_again_from_another_base(desk: Desk) -> None:
    customer, dana = await desk.customer(), desk.of("dana")
    path, headers = f"/api/customers/{customer['id']}", {"Idempotency-Key": f'"{uuid4()}"'}
    await desk.of("lee").patch(path, json={"base_version": 1, "changes": {"status": "open"}})
    changes = {"status": "closed"}
    first = await dana.patch(path, json={"base_version": 1, "changes": changes}, headers=headers)
    problem(first, 409, "edit-conflict")
    again = await dana.patch(path, json={"base_version": 2, "changes": changes}, headers=headers)
    assert again.status_code == 200
    # and once written, an old base does not matter any more: it is the same command
    late = await dana.patch(path, json={"base_version": 1, "changes": changes}, headers=headers)
    assert late.json() == again.json()


async def test_retries_at_the_same_moment_write_once(desk: Desk) -> None:
    customer, headers = await desk.customer(), {"Idempotency-Key": f'"{uuid4()}"'}
    dana, path = desk.of("dana"), f"/api/customers/{customer['id']}/comments"
    answers = await asyncio.gather(*(dana.post(path, json={"body": "x"}, headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum(REPLAYED in answer.headers for answer in answers) == 7
    assert await offsets(desk, customer) == [1, 2]


async def test_header_and_body_must_not_disagree(desk: Desk) -> None:
    customer = await desk.customer()
    answer = await desk.of("dana").post(
        f"/api/customers/{customer['id']}/comments",
        json={"body": "x", "command_id": str(uuid4())},
        headers={"Idempotency-Key": f'"{uuid4()}"'},
    )
    assert set(rules(answer)) == {"Idempotency-Key"}
