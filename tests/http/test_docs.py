"""The written documentation names the problems that there are, with their statuses."""

from __future__ import annotations

import re
from pathlib import Path

from server.problems import PROBLEMS

DOCS = Path(__file__).parents[2] / "docs" / "http.md"


def test_every_problem_is_documented_with_its_status() -> None:
    table = DOCS.read_text().partition("## Refusals")[2].partition("\n## ")[0]
    documented = {
        (int(status), name)
        for row in re.findall(r"^\| (\d.*)$", table, re.MULTILINE)
        for status in re.findall(r"\b\d{3}\b", row.partition("|")[0])
        for name in re.findall(r"`([a-z-]+)`", row.partition("|")[2])
    }
    assert {(problem.status, name) for name, problem in PROBLEMS.items()} <= documented
    members = {"errors", "field", "rule", "missing"}
    assert {name for _, name in documented} - members == set(PROBLEMS)
