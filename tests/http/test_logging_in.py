"""Login, refresh and logout, with their cookie and everything that keeps others out."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie
from typing import Any

import httpx

from channels.agent import Role
from tests.http.desk import PASSWORD, Desk, open_desk, problem

COOKIE = "casewire_refresh"


def cookie(answer: httpx.Response) -> Any:
    """The refresh cookie as it was set."""
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE]


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def logged_in(desk: Desk, username: str = "sam") -> tuple[httpx.AsyncClient, httpx.Response]:
    if username not in desk.agents:
        await desk.hire(username, password=PASSWORD)
    client = desk.client()
    answer = await client.post("/api/auth/login", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client, answer


async def test_a_password_is_exchanged_for_a_token_and_a_cookie_out_of_reach(desk: Desk) -> None:
    client, answer = await logged_in(desk)
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 900
    assert body["agent"] == {
        "id": desk.agents["sam"].id,
        "username": "sam",
        "name": "Sam",
        "role": "agent",
        "active": True,
    }
    set_to = cookie(answer)
    assert set_to["httponly"]
    assert set_to["samesite"] == "strict"
    assert set_to["path"] == "/api/auth"
    assert not set_to["secure"]
    assert set_to.value not in answer.text
    me = await client.get("/api/me", headers=bearer(answer))
    assert me.json() == body["agent"] | {"permissions": [], "visibility": "all"}
    assert answer.headers["cache-control"] == "no-store"


async def test_usernames_are_not_case_sensitive(desk: Desk) -> None:
    await desk.hire("sam", password=PASSWORD)
    answer = await desk.client().post("/api/auth/login", json={"username": "SAM", "password": PASSWORD})
    assert answer.status_code == 200


async def test_whatever_is_wrong_the_refusal_is_the_same(desk: Desk) -> None:
    sam = await desk.hire("sam", password=PASSWORD)
    answers = [
        await desk.client().post("/api/auth/login", json={"username": name, "password": password})
        for name, password in [("sam", "wrong"), ("nobody", PASSWORD), ("dana", PASSWORD)]
    ]
    await desk.services.agents.update(sam.id, active=False)
    answers.append(await desk.client().post("/api/auth/login", json={"username": "sam", "password": PASSWORD}))
    documents = [problem(answer, 401, "invalid-credentials") for answer in answers]
    assert all(document == documents[0] for document in documents)
    assert all("set-cookie" not in answer.headers for answer in answers)


async def test_refreshing_replaces_the_cookie_and_gives_a_token_of_the_same_login(desk: Desk) -> None:
    client, first = await logged_in(desk)
    second = await client.post("/api/auth/refresh")
    assert second.status_code == 200
    assert cookie(second).value != cookie(first).value
    assert (await desk.client(headers=bearer(second)).get("/api/me")).status_code == 200
    login_ids = {desk.services.tokens.verify(answer.json()["access_token"]).login_id for answer in (first, second)}
    assert len(login_ids) == 1


async def test_two_tabs_may_refresh_at_the_same_moment(desk: Desk) -> None:
    _, first = await logged_in(desk)
    tabs = [desk.client(headers={"Cookie": f"{COOKIE}={cookie(first).value}"}) for _ in range(2)]
    answers = await asyncio.gather(*(tab.post("/api/auth/refresh") for tab in tabs))
    assert [answer.status_code for answer in answers] == [200, 200]
    replacements = [answer for answer in answers if "set-cookie" in answer.headers]
    assert len(replacements) == 1  # the browser keeps one cookie for both
    again = desk.client(headers={"Cookie": f"{COOKIE}={cookie(replacements[0]).value}"})
    assert (await again.post("/api/auth/refresh")).status_code == 200


async def test_no_cookie_or_a_made_up_one_is_no_login(desk: Desk) -> None:
    problem(await desk.client().post("/api/auth/refresh"), 401, "unauthorized")
    made_up = desk.client(headers={"Cookie": f"{COOKIE}=AAAA"})
    problem(await made_up.post("/api/auth/refresh"), 401, "unauthorized")


async def test_a_refresh_token_used_up_long_ago_ends_the_login(desk: Desk) -> None:
    _, first = await logged_in(desk)
    thief = desk.client(headers={"Cookie": f"{COOKIE}={cookie(first).value}"})
    second = await thief.post("/api/auth/refresh")
    async with desk.services.database.writing() as connection:
        await connection.execute("UPDATE logins SET rotated_at = rotated_at - interval '1 minute'")
    owner = desk.client(headers={"Cookie": f"{COOKIE}={cookie(first).value}"})
    problem(await owner.post("/api/auth/refresh"), 401, "unauthorized")
    robbed = desk.client(headers={"Cookie": f"{COOKIE}={cookie(second).value}"})
    problem(await robbed.post("/api/auth/refresh"), 401, "unauthorized")
    await desk.services.directory.refresh()
    problem(await desk.client(headers=bearer(second)).get("/api/me"), 401, "unauthorized")


async def test_logging_out_ends_the_login_everywhere(desk: Desk) -> None:
    client, first = await logged_in(desk)
    out = await client.post("/api/auth/logout")
    assert (out.status_code, out.content) == (204, b"")
    assert cookie(out)["max-age"] == "0"
    problem(await desk.client(headers=bearer(first)).get("/api/me"), 401, "unauthorized")
    kept = desk.client(headers={"Cookie": f"{COOKIE}={cookie(first).value}"})
    problem(await kept.post("/api/auth/refresh"), 401, "unauthorized")


async def test_logging_out_with_the_access_token_alone(desk: Desk) -> None:
    _, first = await logged_in(desk)
    assert (await desk.client(headers=bearer(first)).post("/api/auth/logout")).status_code == 204
    problem(await desk.client(headers=bearer(first)).get("/api/me"), 401, "unauthorized")


async def test_logging_out_without_being_logged_in_is_no_mistake(desk: Desk) -> None:
    assert (await desk.client().post("/api/auth/logout")).status_code == 204
    assert (await desk.client(headers={"Authorization": "Bearer x"}).post("/api/auth/logout")).status_code == 204


async def test_another_login_of_the_same_agent_goes_on(desk: Desk) -> None:
    client, _ = await logged_in(desk)
    _, other = await logged_in(desk)
    await client.post("/api/auth/logout")
    assert (await desk.client(headers=bearer(other)).get("/api/me")).status_code == 200


async def test_deactivating_ends_tokens_and_logins_at_once(desk: Desk) -> None:
    client, answer = await logged_in(desk)
    root = desk.of("root")
    assert (await root.patch(f"/api/agents/{desk.agents['sam'].id}", json={"active": False})).status_code == 200
    problem(await client.get("/api/me", headers=bearer(answer)), 401, "unauthorized")
    problem(await client.post("/api/auth/refresh"), 401, "unauthorized")


async def test_pages_of_other_sites_cannot_log_anybody_in_or_out(desk: Desk) -> None:
    client, answer = await logged_in(desk)
    foreign = {"Origin": "https://evil.test"}
    body = {"username": "sam", "password": PASSWORD}
    for path, json in (("login", body), ("refresh", None), ("logout", None)):
        problem(await client.post(f"/api/auth/{path}", json=json, headers=foreign), 403, "permission-denied")
    assert (await client.get("/api/me", headers=bearer(answer))).status_code == 200
    own = {"Origin": "http://desk.test"}
    assert (await client.post("/api/auth/refresh", headers=own)).status_code == 200


async def test_the_cookie_is_secure_where_a_trusted_proxy_speaks_tls(database_url: str, redis_url: str) -> None:
    async with open_desk(database_url, redis_url, trusted_proxies=("10.0.0.0/8",)) as desk:
        await desk.hire("sam", password=PASSWORD)
        body = {"username": "sam", "password": PASSWORD}
        tls = {"X-Forwarded-Proto": "https"}
        proxied = await desk.client(address="10.0.0.1").post("/api/auth/login", json=body, headers=tls)
        assert cookie(proxied)["secure"]
        assert proxied.headers["strict-transport-security"]
        pretended = await desk.client(address="203.0.113.9").post("/api/auth/login", json=body, headers=tls)
        assert not cookie(pretended)["secure"]
        assert "strict-transport-security" not in pretended.headers


async def test_only_a_hash_of_the_refresh_token_is_stored(desk: Desk) -> None:
    _, answer = await logged_in(desk)
    async with desk.services.database.reading() as connection:
        stored = await connection.fetchval("SELECT refresh_hash FROM logins")
    assert len(stored) == 32
    assert cookie(answer).value.encode() not in stored


async def test_a_call_without_a_token_says_how_to_get_one(desk: Desk) -> None:
    answer = await desk.client().get("/api/customers")
    assert "Bearer" in problem(answer, 401, "unauthorized")["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"
    for header in ("Bearer", "Bearer ", "Basic ZGFuYTp4", "Bearer \xe4"):
        given = {"Authorization": header.encode("latin-1")}
        problem(await desk.client().get("/api/customers", headers=given), 401, "unauthorized")


async def test_an_agent_made_by_another_process_a_moment_ago_is_known(desk: Desk) -> None:
    agent = await desk.services.agents.create("nora", "Nora", Role.AGENT, None)  # the directory has not heard of it
    assert desk.services.directory.agent(agent.id) is None
    assert (await desk.client(agent).get("/api/me")).json()["username"] == "nora"
