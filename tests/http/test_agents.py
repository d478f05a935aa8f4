"""Accounts over HTTP: who may see and change them."""

from __future__ import annotations

import pytest

from channels.agent import Role
from tests.http.desk import Desk, problem, rules


async def test_everybody_sees_who_there_is(desk: Desk) -> None:
    items = (await desk.of("dana").get("/api/agents")).json()["items"]
    assert [item["username"] for item in items] == ["dana", "ines", "lee", "root"]
    assert items[1] == {
        "id": desk.agents["ines"].id,
        "username": "ines",
        "name": "Ines",
        "role": "supervisor",
        "active": True,
    }


async def test_an_admin_adds_an_agent_who_can_log_in(desk: Desk) -> None:
    given = {"username": "sam", "name": "Sam", "password": "long enough"}
    answer = await desk.of("root").post("/api/agents", json=given)
    assert answer.status_code == 201
    agent = answer.json()
    assert agent == {"id": agent["id"], "username": "sam", "name": "Sam", "role": "agent", "active": True}
    assert answer.headers["location"] == f"/api/agents/{agent['id']}"
    login = {"username": "sam", "password": "long enough"}
    assert (await desk.client().post("/api/auth/login", json=login)).status_code == 200


async def test_a_taken_username_is_named(desk: Desk) -> None:
    answer = await desk.of("root").post("/api/agents", json={"username": "dana", "name": "Other"})
    assert problem(answer, 409, "already-exists")["field"] == "username"


@pytest.mark.parametrize("who", ["dana", "ines"])
async def test_others_than_admins_change_nothing(desk: Desk, who: str) -> None:
    client = desk.of(who)
    problem(await client.post("/api/agents", json={"username": "sam", "name": "Sam"}), 403, "permission-denied")
    path = f"/api/agents/{desk.agents['lee'].id}"
    problem(await client.patch(path, json={"active": False}), 403, "permission-denied")
    problem(await client.patch(f"/api/agents/{desk.agents[who].id}", json={"role": "admin"}), 403, "permission-denied")


async def test_a_role_counts_from_the_next_request_on(desk: Desk) -> None:
    lee = desk.of("lee")
    changed = await desk.of("root").patch(f"/api/agents/{desk.agents['lee'].id}", json={"role": "admin", "name": "Li"})
    assert (changed.json()["role"], changed.json()["name"]) == ("admin", "Li")
    me = (await lee.get("/api/me")).json()
    assert me["role"] == "admin"
    assert me["permissions"] == ["agents.manage", "comments.moderate", "customers.see_all", "export", "oversee"]


async def test_a_deactivated_agent_is_out_and_may_come_back(desk: Desk) -> None:
    lee, path = desk.of("lee"), f"/api/agents/{desk.agents['lee'].id}"
    root = desk.of("root")
    assert (await root.patch(path, json={"active": False})).json()["active"] is False
    problem(await lee.get("/api/me"), 401, "unauthorized")
    assert (await root.patch(path, json={"active": True})).json()["active"] is True
    assert (await lee.get("/api/me")).status_code == 200


async def test_an_admin_cannot_lock_everybody_out(desk: Desk) -> None:
    path = f"/api/agents/{desk.agents['root'].id}"
    assert set(rules(await desk.of("root").patch(path, json={"active": False}))) == {"active"}
    assert set(rules(await desk.of("root").patch(path, json={"role": "agent"}))) == {"role"}
    assert (await desk.of("root").patch(path, json={"name": "The Root", "role": "admin"})).status_code == 200


async def test_a_new_password_replaces_the_old_one(desk: Desk) -> None:
    sam = await desk.hire("sam", Role.AGENT, "the old password")
    path = f"/api/agents/{sam.id}"
    assert (await desk.of("root").patch(path, json={"password": "the new password"})).status_code == 200
    for password, status in (("the old password", 401), ("the new password", 200)):
        login = {"username": "sam", "password": password}
        assert (await desk.client().post("/api/auth/login", json=login)).status_code == status


async def test_an_unknown_agent_is_not_found(desk: Desk) -> None:
    problem(await desk.of("root").patch("/api/agents/4711", json={"name": "X"}), 404, "not-found")


async def test_a_change_must_change_something(desk: Desk) -> None:
    path = f"/api/agents/{desk.agents['lee'].id}"
    assert rules(await desk.of("root").patch(path, json={})) == {"body": "must name at least one field"}
