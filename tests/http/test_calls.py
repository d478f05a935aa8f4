"""Routes that are served directly: which, and that nobody can tell by the answers."""

from __future__ import annotations

from typing import Any

import pytest

from server.routes import routers
from server.routes.calls import Call, Calls
from tests.http.desk import Desk, open_desk

HOT = [
    ("GET", "/api/me"),
    ("GET", "/api/customers"),
    ("GET", "/api/customers/counts"),
    ("GET", "/api/customers/42"),
    ("PATCH", "/api/customers/42"),
    ("POST", "/api/customers/42/comments"),
    ("POST", "/api/customers/42/read"),
    ("GET", "/api/customers/42/actions"),
]


def find(method: str, path: str) -> Call | None:
    return Calls(routers).find({"type": "http", "method": method, "path": path})


@pytest.mark.parametrize(("method", "path"), HOT)
def test_the_hot_routes_do_without_the_framework(method: str, path: str) -> None:
    call = find(method, path)
    assert call is not None
    assert len(call.segments) == path.count("/") + 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/auth/refresh"),  # asks for a cookie
        ("GET", "/api/workload"),  # has a dependency of its own
        ("GET", "/api/customers/"),
        ("GET", "/api/customers//actions"),
        ("PUT", "/api/customers/42"),
        ("GET", "/api/nothing"),
    ],
)
def test_the_framework_answers_the_rest(method: str, path: str) -> None:
    assert find(method, path) is None


def test_names_come_before_parameters() -> None:
    found = find("GET", "/api/customers/counts")
    assert found is not None
    assert found.route.path == "/api/customers/counts"


LOG, COMMENTS = "/api/customers/1/actions", "/api/customers/1/comments"
JSON = {"Content-Type": "application/json"}
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/api/me", {}),
    ("GET", "/api/customers", {"params": "status=open&status=waiting&limit=2&limit=1"}),
    ("GET", "/api/customers", {"params": "status=&archived=perhaps&q=%00&q="}),
    ("GET", "/api/customers", {"params": "limit=%F0%9F&name=x&name=y"}),
    ("GET", "/api/customers/0", {}),
    ("GET", "/api/customers/1", {"headers": {"If-None-Match": '"1"'}}),
    ("GET", LOG, {"params": "after=0&wait=0&kind=comment,created"}),
    ("GET", LOG, {"params": "after=x&before=y&limit=z"}),
    ("POST", COMMENTS, {"json": {"body": "hello", "command_id": "7"}}),
    ("POST", "/api/customers/x/comments", {"json": {"body": "", "bold": 1}}),
    ("POST", COMMENTS, {"content": b"null", "headers": JSON}),
    ("POST", COMMENTS, {"content": b"{", "headers": JSON}),
    ("POST", COMMENTS, {"content": b"", "headers": JSON}),
    ("POST", COMMENTS, {"content": b""}),
    ("POST", COMMENTS, {"content": b'{"body": "x"}'}),
    ("POST", COMMENTS, {"content": b'{"body": "\xff"}', "headers": {"Content-Type": "text/json"}}),
    ("POST", COMMENTS, {"content": b'{"body": "\xff"}', "headers": JSON}),
    ("POST", COMMENTS, {"content": b"{}", "headers": {"Content-Type": "application/x+json; a=b"}}),
    ("POST", COMMENTS, {"content": b'{"body": NaN}', "headers": {"Content-Type": "Application/JSON"}}),
    ("POST", COMMENTS, {"json": {"body": "x"}, "headers": {"Idempotency-Key": "7"}}),
    ("PATCH", "/api/customers/1", {"json": {"changes": {"status": "new"}}, "headers": {"If-Match": '"9"'}}),
    (
        "PATCH",
        "/api/customers/1",
        {"content": b'{"changes": {"fields": {"a": %d, "b": 1e400}}, "base_version": 1}' % (10**30), "headers": JSON},
    ),
]
"""Reads and refusals, which leave everything as it is."""


async def test_the_framework_would_answer_the_same(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answers(desk: Desk) -> list[Any]:
        found = []
        for client in (desk.of("dana"), desk.client()):
            for method, path, more in REQUESTS:
                answer = await client.request(method, path, **more)
                own = {"x-request-id", "content-length"}
                headers = {name: value for name, value in answer.headers.items() if name not in own}
                found.append((method, path, more, answer.status_code, headers, answer.text))
        return found

    async with open_desk(database_url, redis_url) as desk:
        await desk.customer()
        directly = await answers(desk)
        monkeypatch.setattr(Calls, "find", lambda _calls, _scope: None)
        through = await answers(desk)
    # without a caller we do not look at what was sent, while the framework reads the body first
    for ours, theirs in zip(directly, through, strict=True):
        assert ours == theirs or ours[3] == 401
