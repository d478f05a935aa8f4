"""The soak's figures and its command: what a history comes to, and that a seed always plays the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.soak.__main__ import faults_of
from bench.soak.report import Report, spread
from tests.faults.causing import FAULTS
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
        **{"deliveries": 4, "recoveries": 1, "faults": 1},
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
    assert set(FAULTS) <= set(faults_of(7, []))
    assert all(name in FAULTS for fault in faults_of(7, []) for name in fault.split(" + "))


def test_the_command_explains_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.soak", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "--seed" in done.stdout


def test_the_documentation_tells_of_every_fault() -> None:
    told = [line.split("|")[1].strip() for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]
    assert list(dict.fromkeys(name for name in told if name in FAULTS)) == list(FAULTS)
