"""The soak's figures and its command: what a history comes to, and that a seed always plays the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.soak.__main__ import faults_of
from bench.soak.record import BEGIN, END, recorded
from bench.soak.report import Report, spread
from tests.faults.causing import BY_PROXY, FAULTS, OF_WORKERS
from tests.faults.history import Comment, FaultBegan, FaultEnded
from tests.faults.plan import Scale, rounds
from tests.faults.tale import Tale
from tests.ground.server import PROJECT

DOCUMENT = PROJECT / "docs" / "faults.md"


def test_figures_of_a_history() -> None:
    tale = Tale()
    tale.write(1, "quiet", Comment("quiet"))
    tale.history.append(FaultBegan(tale.tick(), 1, "redis frozen"))
    tale.lose("bob")
    tale.write_unsure(1, "troubled", Comment("troubled"))
    tale.history.append(FaultEnded(tale.tick(), 1))
    tale.tick(2.0)
    tale.come_back("bob")
    report = Report()
    report.add(tale.end())
    assert report.totals == {
        **{"writes": 2, "attempts": 3, "unknown": 1, "retried": 1, "acknowledged": 2, "actions": 3},
        **{"deliveries": 4, "notices": 0, "list messages": 0, "list reads": 0, "recoveries": 1, "faults": 1},
    }
    assert report.viewers_repaired["redis frozen"] == [pytest.approx(2.02)], "bob is back, and has what he missed"
    assert report.writers_repaired["redis frozen"] == [0.0]
    assert [len(report.in_quiet), len(report.in_faults)] == [1, 1]
    assert report.in_faults[0] > 2.0
    assert report.as_json()["faults"] == {"redis frozen": 1}


def test_spread_names_the_ranks() -> None:
    assert spread([number / 1000 for number in range(1, 201)]) == {"count": 200, "p50": 100, "p99": 198, "max": 200}
    assert spread([]) == {"count": 0}


def test_a_seed_plays_the_same_again_and_every_fault_comes() -> None:
    assert rounds(7, faults_of(7, []), Scale()) == rounds(7, faults_of(7, []), Scale())
    assert rounds(7, faults_of(7, []), Scale()) != rounds(8, faults_of(8, []), Scale())
    assert set(FAULTS) <= set(faults_of(7, [], workers=2))
    assert set(FAULTS) - OF_WORKERS <= set(faults_of(7, []))
    assert set(FAULTS) - BY_PROXY <= set(faults_of(8, [], cluster=True, workers=2))
    assert all(name in FAULTS for fault in faults_of(7, [], workers=2) for name in fault.split(" + "))


def test_the_command_explains_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.soak", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "--seed" in done.stdout


def named_in(text: str) -> list[str]:
    """The first cell of each row of a table."""
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]


def test_the_documentation_tells_of_every_fault() -> None:
    told = DOCUMENT.read_text().partition("## What people see")[0]
    assert [name for name in named_in(told) if name in FAULTS] == list(FAULTS)


def test_the_measured_faults_are_those_that_are_caused_now() -> None:
    _, begin, rest = DOCUMENT.read_text().partition(BEGIN)
    measured, end, _ = rest.partition(END)
    assert begin
    assert end
    assert named_in(measured)[2:] == list(FAULTS)


def test_recording_replaces_what_was_recorded_and_nothing_else() -> None:
    report = Report()
    tale = Tale()
    tale.write(1, "quiet", Comment("quiet"))
    tale.history.append(FaultBegan(tale.tick(), 1, "redis frozen"))
    tale.write(1, "troubled", Comment("troubled"))
    tale.history.append(FaultEnded(tale.tick(), 1))
    report.add(tale.end())
    figures = {"seed": 5, "chapters": 1, "seconds": 60.0, **report.as_json()}
    page = recorded(f"before\n{BEGIN}\nold\n{END}\nafter\n", figures)
    assert page.startswith(f"before\n{BEGIN}\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page
    assert "| redis frozen | 0 / 0 | 0 / 0 | 1 of 1 |" in page
    assert recorded(page, figures) == page
