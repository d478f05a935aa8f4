"""The page and its files, the documentation, the problem pages; and the headers that keep browsers strict."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from server import page, problems
from server.problems import PROBLEMS
from server.routes import problem_pages
from tests.http.desk import Desk, open_desk, problem

SCRIPT = "console.log('hello');\n" * 200


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A page as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Casewire</title>")
    (tmp_path / "assets" / "index-4f0c9a6b.js").write_text(SCRIPT)
    app = FastAPI(docs_url=None, redoc_url=None)
    problems.install(app)
    page.install(app, tmp_path)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/customers/42", "/work?status=open", "/login", "/apis", "/documents"])
async def test_the_page_finds_its_own_way(built: httpx.AsyncClient, path: str) -> None:
    answer = await built.get(path)
    assert answer.status_code == 200
    assert "<title>Casewire</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    again = await built.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_hashed_files_are_kept_for_ever_and_sent_small(built: httpx.AsyncClient) -> None:
    path = "/assets/index-4f0c9a6b.js"
    answer = await built.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.text == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), mtime=0))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")
    plain = await built.get(path, headers={"Accept-Encoding": "identity"})
    assert (plain.text, plain.headers.get("content-encoding")) == (SCRIPT, None)
    assert (await built.head(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/assets/",
        "/favicon.ico",
        "/../pyproject.toml",
        "/%2e%2e/pyproject.toml",
        "/assets/..%2f..%2fpyproject.toml",
        "/api/x",
        "/api",
        "/connection/websocket",
        "/problems/x/y",
    ],
)
async def test_what_is_not_there_is_not_the_page(built: httpx.AsyncClient, path: str) -> None:
    problem(await built.get(path), 404, "not-found")


async def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    page.install(app, tmp_path / "nothing")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test") as client:
        answer = await client.get("/")
        assert answer.status_code == 404
        assert "make install" in answer.text


async def test_every_answer_is_strict(desk: Desk) -> None:
    for path in ("/", "/api/me", "/api/nothing", "/livez", "/problems/not-found", "/docs"):
        headers = (await desk.client().get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])


@pytest.mark.parametrize("name", PROBLEMS)
async def test_every_problem_has_a_page(name: str) -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(problem_pages.router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test") as client:
        read = await client.get(f"/problems/{name}", headers={"Accept": "text/html,*/*"})
        assert read.status_code == 200
        assert f"<h1>{PROBLEMS[name].title}</h1>" in read.text
        assert "`" not in read.text
        style = read.text.partition("<style>")[2].partition("</style>")[0]
        assert style
        assert f"HTTP {PROBLEMS[name].status}" in read.text
        assert "unsafe" not in read.headers["content-security-policy"]
        told = await client.get(f"/problems/{name}")
        assert (told.json()["type"], told.json()["status"]) == (f"/problems/{name}", PROBLEMS[name].status)
        everything = (await client.get("/problems", headers={"Accept": "text/html"})).text
        assert f'href="/problems/{name}"' in everything


async def test_other_origins_are_answered_where_the_settings_allow_them(database_url: str, redis_url: str) -> None:
    async with open_desk(database_url, redis_url, allowed_origins=("https://friend.test",)) as desk:
        dana = desk.of("dana")
        friend = await dana.get("/api/me", headers={"Origin": "https://friend.test"})
        assert friend.headers["access-control-allow-origin"] == "https://friend.test"
        assert "ETag" in friend.headers["access-control-expose-headers"]
        stranger = await dana.get("/api/me", headers={"Origin": "https://evil.test"})
        assert "access-control-allow-origin" not in stranger.headers
        asked = await desk.client().options(
            "/api/customers/1",
            headers={
                "Origin": "https://friend.test",
                "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "authorization,idempotency-key,if-match",
            },
        )
        assert asked.status_code == 200
        assert "PATCH" in asked.headers["access-control-allow-methods"]


async def test_no_other_origin_is_answered_by_default(desk: Desk) -> None:
    answer = await desk.of("dana").get("/api/me", headers={"Origin": "https://friend.test"})
    assert "access-control-allow-origin" not in answer.headers
