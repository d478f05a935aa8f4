"""`docs/conformance.md` tells of the commands and codes that there are, and of no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from server.realtime import codes, commands
from server.realtime.codecs.codec import METHODS
from server.realtime.codes import Disconnect, ErrorCode, Unsubscribe
from tests.realtime.sdk.peer import WAYS

PAGE = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text()
TRANSPORTS = {"WebSocket": "websocket", "HTTP streaming": "http_stream", "SSE": "sse"}
SDKS = {"centrifuge": "js", "centrifuge-python": "python"}

ERRORS = {code for code in (*vars(codes).values(), *codes._BY_NAME.values()) if isinstance(code, ErrorCode)}
DISCONNECTS = {code for code in vars(codes).values() if isinstance(code, Disconnect)}
UNSUBSCRIBES = {code for code in vars(codes).values() if isinstance(code, Unsubscribe)}


def rows(heading: str) -> list[list[str]]:
    table = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\|(.*)\|$", table, re.MULTILINE)[2:]
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def test_every_command_is_told_of_and_whether_it_is_declined() -> None:
    told = {name: answer for names, answer in rows("Commands") for name in re.findall(r"`(\w+)`", names)}
    assert set(told) == set(METHODS)
    declined = {name for name, answer in told.items() if answer.startswith("declined")}
    assert set(told) - declined == set(commands._COMMANDS) - {"publish", "sub_refresh"}


def test_every_code_is_told_of() -> None:
    assert {(int(code), message, temporary == "yes") for code, message, temporary in rows("Errors")} == {
        (error.code, error.message, error.temporary) for error in ERRORS
    }
    assert {(int(code), reason) for code, reason in rows("Ends of connections")} == {
        (end.code, end.reason) for end in DISCONNECTS
    }
    assert {(int(code), reason) for code, reason in rows("Ends of subscriptions")} == {
        (end.code, end.reason) for end in UNSUBSCRIBES
    }


def test_every_way_that_is_told_of_is_tested() -> None:
    told = {
        (SDKS[re.findall(r"`([\w-]+)`", sdk)[0]], TRANSPORTS[transport], codec.lower())
        for sdk, transports, codecs in rows("Shown with")
        for transport in transports.split(", ")
        for codec in codecs.split(", ")
        if re.findall(r"`([\w-]+)`", sdk)[0] in SDKS
    }
    assert told == {(way.sdk, way.transport, way.codec) for way in WAYS}


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_errors_keep_to_the_ranges_of_the_protocol(error: ErrorCode) -> None:
    """100 to 399 are the protocol's own, 400 to 1999 ours; below 100 an SDK takes a code for one of its own."""
    assert 100 <= error.code < 2000
    assert error.message, "Python indexes it"


@pytest.mark.parametrize("end", DISCONNECTS, ids=str)
def test_ends_are_understood_by_every_sdk(end: Disconnect) -> None:
    assert 3000 < end.code < 5000
    assert end.reason, "without one the JavaScript SDK would come back for ever"
    assert len(end.reason.encode()) <= 123
    with pytest.raises(json.JSONDecodeError):
        json.loads(end.reason)  # it would be parsed, and taken for something else


@pytest.mark.parametrize("end", UNSUBSCRIBES, ids=str)
def test_ends_of_subscriptions_are_in_their_range(end: Unsubscribe) -> None:
    assert 2000 <= end.code < 3000
    assert end.reason
