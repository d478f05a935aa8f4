"""Whose memory is whose, in a profile of idle clients."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from bench.memory import CLIENTS, PROJECT, Spent, alive, report, site


@dataclass
class Block:
    allocated_before_snapshot: int
    deallocated_before_snapshot: int | None
    n_bytes: int


@pytest.mark.parametrize(("snapshot", "expected"), [(0, 0), (1, 8), (3, 8 + 32), (4, 8), (9, 8)])
def test_alive_is_what_was_allocated_and_not_yet_freed(snapshot: int, expected: int) -> None:
    assert alive([Block(0, None, 8), Block(2, 3, 32), Block(9, None, 64)], snapshot) == expected


def test_a_site_is_the_innermost_function_that_stands_in_a_file() -> None:
    session = ("register", f"{PROJECT}/server/realtime/session.py", 7)
    command = ("invoke", "/somewhere/site-packages/typer/core.py", 9)
    assert site([("__init__", "<string>", 3), session, command]) == "register (server/realtime/session.py)"
    assert site([command, session]) == "the event loop"
    assert site([]) == "the event loop"


def test_the_report_has_the_largest_first_and_each_for_one_client() -> None:
    said: list[str] = []
    spent = Spent(Counter({"small": CLIENTS, "large": 3 * CLIENTS}), 4 * CLIENTS, 2**21)
    report(spent, said.append)
    assert said[0].endswith("2.0 MiB")
    assert [line.split() for line in said[2:]] == [["3", "bytes", "75.0%", "large"], ["1", "bytes", "25.0%", "small"]]
