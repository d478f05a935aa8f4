"""What the logs say, and what they never say."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from server.logging import configure_logging
from tests.http.desk import PASSWORD, Desk


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where everything is logged to, as on a platform."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    stream = io.StringIO()
    configure_logging(stream=stream)
    yield stream
    root.handlers[:] = before
    logging.captureWarnings(False)
    structlog.reset_defaults()


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_a_request_is_one_line_without_its_secrets(lines: io.StringIO, desk: Desk) -> None:
    await desk.hire("sam", password=PASSWORD)
    answer = await desk.client().post("/api/auth/login", json={"username": "sam", "password": PASSWORD})
    token = answer.json()["access_token"]
    customer = await desk.customer()
    bearer = {"Authorization": f"Bearer {token}"}
    path = f"/api/customers/{customer['id']}/comments?token={token}"
    written = await desk.client(headers=bearer).post(path, json={"body": "a private remark"})
    await desk.client(headers=bearer).get("/livez")
    requests = [line for line in read(lines) if line["event"] == "request"]
    last = requests[-1]
    assert last["path"] == f"/api/customers/{customer['id']}/comments"
    assert (last["method"], last["status"], last["agent"]) == ("POST", 201, desk.agents["sam"].id)
    assert last["request_id"] == written.headers["x-request-id"]
    assert last["client"] == "127.0.0.1"
    assert last["level"] == "info"
    assert last["timestamp"].endswith("Z")
    text = lines.getvalue()
    for secret in (token, PASSWORD, "a private remark", answer.cookies["casewire_refresh"]):
        assert secret not in text


def test_secrets_are_blanked_by_their_name(lines: io.StringIO) -> None:
    structlog.get_logger("x").info("mistake", access_token="t0ps3cret", password="t0ps3cret", Authorization="t0ps3cret")
    assert "t0ps3cret" not in lines.getvalue()
    assert read(lines)[0]["event"] == "mistake"


def test_libraries_log_in_the_same_form_and_without_query_strings(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "1.2.3.4", "/connection?token=t0ps3cret")
    line = read(lines)[0]
    assert line["event"] == '1.2.3.4 - "WebSocket /connection" [accepted]'
    assert line["logger"] == "uvicorn.error"


def test_a_traceback_shows_no_variables(lines: io.StringIO) -> None:
    password = "t0ps3cret"
    try:
        int("something else")
    except ValueError:
        structlog.get_logger("x").exception("failed")
        logging.getLogger("library").exception("failed")
    assert password not in lines.getvalue()
    assert all("ValueError: invalid literal" in line["exception"] for line in read(lines))


def test_a_terminal_gets_readable_lines() -> None:
    before, stream = logging.getLogger().handlers[:], io.StringIO()
    configure_logging(stream=stream, console=True)
    structlog.get_logger("x").info("hello", answer=42)
    logging.getLogger().handlers[:] = before
    logging.captureWarnings(False)
    structlog.reset_defaults()
    assert "hello" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
