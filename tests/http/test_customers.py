"""Customers over HTTP: one of them, the list, counts and read marks."""

from __future__ import annotations

import re

import pytest

from server.models.responses import CountsOut, CustomerOut, CustomersOut
from tests.http.desk import Desk, problem, rules

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


async def test_a_new_customer_has_a_place_a_version_and_a_log(desk: Desk) -> None:
    given = {
        "name": "Acme Ltd",
        "ref": "AC-1042",
        "email": "desk@acme.example",
        "phone": "+49 30 1234",
        "priority": "high",
        "assigned_to": desk.agents["dana"].id,
        "fields": {"plan": "gold", "seats": 3, "gone": None},
    }
    answer = await desk.of("ines").post("/api/customers", json=given)
    assert answer.status_code == 201
    customer = answer.json()
    assert answer.headers["location"] == f"/api/customers/{customer['id']}"
    assert answer.headers["etag"] == '"1"'
    assert customer == given | {
        "id": customer["id"],
        "status": "new",
        "archived": False,
        "fields": {"plan": "gold", "seats": 3},
        "version": 1,
        "offset": 1,
        "created_at": customer["created_at"],
        "updated_at": customer["updated_at"],
    }
    assert TIME.fullmatch(customer["created_at"])
    got = await desk.of("dana").get(answer.headers["location"])
    assert got.json() == customer
    CustomerOut.model_validate(got.json())


async def test_a_taken_ref_is_named(desk: Desk) -> None:
    await desk.customer(ref="AC-1")
    answer = await desk.of("ines").post("/api/customers", json={"name": "Other", "ref": "AC-1"})
    assert problem(answer, 409, "already-exists")["field"] == "ref"


async def test_an_unknown_assignee_is_refused(desk: Desk) -> None:
    answer = await desk.of("ines").post("/api/customers", json={"name": "Acme", "assigned_to": 4711})
    assert set(rules(answer)) == {"assigned_to"}


@pytest.mark.parametrize(
    ("header", "status"), [('"1"', 304), ('W/"1"', 304), ('"7", "1"', 304), ("*", 304), ('"2"', 200), ("1", 200)]
)
async def test_a_customer_that_is_known_already_is_not_sent_again(desk: Desk, header: str, status: int) -> None:
    customer = await desk.customer()
    answer = await desk.of("dana").get(f"/api/customers/{customer['id']}", headers={"If-None-Match": header})
    assert answer.status_code == status
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["cache-control"] == "private, no-cache"
    assert bool(answer.content) == (status == 200)


async def test_an_unknown_customer_is_not_found(desk: Desk) -> None:
    for path in ("/api/customers/4711", "/api/customers/9223372036854775807"):
        problem(await desk.of("dana").get(path), 404, "not-found")


async def test_the_list_is_paged_without_repeats_or_gaps(desk: Desk) -> None:
    ids = {(await desk.customer(name=f"Customer {number:02}"))["id"] for number in range(7)}
    seen: list[int] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        params = {"limit": "3"} | ({} if cursor is None else {"cursor": cursor})
        body = (await desk.of("dana").get("/api/customers", params=params)).json()
        CustomersOut.model_validate(body)
        seen += [item["id"] for item in body["items"]]
        cursor, pages = body["next_cursor"], pages + 1
    assert (len(seen), set(seen), pages) == (7, ids, 3)


async def test_the_list_is_sorted_and_filtered(desk: Desk) -> None:
    dana, lee = desk.agents["dana"].id, desk.agents["lee"].id
    await desk.customer(name="Anna", assigned_to=dana, status="open")
    await desk.customer(name="Bela", assigned_to=dana, status="waiting", priority="urgent")
    await desk.customer(name="Cleo", assigned_to=lee, status="open", email="cleo@acme.example")
    await desk.customer(name="Dora")

    async def names(**params: str) -> list[str]:
        answer = await desk.of("dana").get("/api/customers", params={"sort": "name"} | params)
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]

    assert await names() == ["Anna", "Bela", "Cleo", "Dora"]
    assert await names(sort="-name") == ["Dora", "Cleo", "Bela", "Anna"]
    assert await names(sort="-updated_at") == ["Dora", "Cleo", "Bela", "Anna"]
    assert await names(assigned_to="me") == ["Anna", "Bela"]
    assert await names(assigned_to="none") == ["Dora"]
    assert await names(assigned_to=str(lee)) == ["Cleo"]
    assert await names(status="open,waiting") == ["Anna", "Bela", "Cleo"]
    assert await names(status="open", assigned_to="me") == ["Anna"]
    assert await names(priority="urgent") == ["Bela"]
    assert await names(q="acme cleo") == ["Cleo"]
    assert await names(q="nobody") == []


async def test_archived_customers_are_shown_to_those_who_ask(desk: Desk) -> None:
    kept, gone = await desk.customer(name="Kept"), await desk.customer(name="Gone")
    body = {"base_version": 1, "changes": {"archived": True}}
    archived = await desk.of("dana").patch(f"/api/customers/{gone['id']}", json=body)
    assert archived.json()["action"]["kind"] == "archive"

    async def ids(archived: str) -> list[int]:
        answer = await desk.of("dana").get("/api/customers", params={"archived": archived, "sort": "name"})
        return [item["id"] for item in answer.json()["items"]]

    assert await ids("false") == [kept["id"]]
    assert await ids("true") == [gone["id"]]
    assert await ids("any") == [gone["id"], kept["id"]]


async def test_unread_counts_what_came_after_the_mark(desk: Desk) -> None:
    customer = await desk.customer()
    path = f"/api/customers/{customer['id']}"
    await desk.of("lee").post(f"{path}/comments", json={"body": "one"})

    async def unread(by: str = "dana", **params: str) -> list[int]:
        return [item["unread"] for item in (await desk.of(by).get("/api/customers", params=params)).json()["items"]]

    assert await unread() == [2]
    marked = await desk.of("dana").post(f"{path}/read", json={"offset": 2})
    assert (marked.status_code, marked.content) == (204, b"")
    assert await unread() == [0]
    assert await unread(unread="true") == []
    await desk.of("dana").post(f"{path}/read", json={"offset": 1})  # never back
    await desk.of("dana").post(f"{path}/read", json={"offset": 4711})  # never beyond
    await desk.of("lee").post(f"{path}/comments", json={"body": "two"})
    assert await unread(unread="true") == [1]
    assert await unread("ines") == [2]  # she created it herself


async def test_counts_by_status(desk: Desk) -> None:
    dana = desk.agents["dana"].id
    for status, assigned_to in (("open", dana), ("open", None), ("closed", dana)):
        await desk.customer(status=status, assigned_to=assigned_to)
    everything = (await desk.of("dana").get("/api/customers/counts")).json()
    CountsOut.model_validate(everything)
    assert everything == {"new": 0, "open": 2, "in_progress": 0, "waiting": 0, "resolved": 0, "closed": 1}
    mine = (await desk.of("dana").get("/api/customers/counts", params={"assigned_to": "me"})).json()
    assert (mine["open"], mine["closed"]) == (1, 1)
    nobodys = (await desk.of("dana").get("/api/customers/counts", params={"assigned_to": "none"})).json()
    assert (nobodys["open"], nobodys["closed"]) == (1, 0)


async def test_a_cursor_belongs_to_its_list(desk: Desk) -> None:
    for number in range(3):
        await desk.customer(name=f"Customer {number}")
    page = (await desk.of("dana").get("/api/customers", params={"limit": "1"})).json()
    other = {"limit": "1", "sort": "name", "cursor": page["next_cursor"]}
    assert set(rules(await desk.of("dana").get("/api/customers", params=other))) == {"cursor"}
