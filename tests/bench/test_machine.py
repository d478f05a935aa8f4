"""Whether the machine was busy with something else."""

from __future__ import annotations

from bench.machine import FOREIGN_LIMIT, TICKS, busy_seconds, foreign_cores, is_busy, watched

STAT = "cpu  100 20 30 4000 500 6 7 800 0 0\ncpu0 50 10 15 2000 250 3 3 400 0 0\nintr 1 2 3\n"


def test_idling_waiting_and_stolen_time_is_no_work() -> None:
    assert busy_seconds(STAT) == (100 + 20 + 30 + 6 + 7) / TICKS


def test_what_our_processes_used_is_not_foreign() -> None:
    assert foreign_cores(busy=10.0, own=9.0, wall=5.0) == 0.2
    assert foreign_cores(busy=9.9, own=10.0, wall=5.0) == 0.0  # ticks are coarse
    assert foreign_cores(busy=1.0, own=0.0, wall=0.0) == 0.0


def test_a_run_is_disturbed_above_the_limit_only() -> None:
    assert not is_busy(FOREIGN_LIMIT)
    assert is_busy(FOREIGN_LIMIT + 0.01)


def test_work_of_our_own_and_of_ended_children_is_ours() -> None:
    import subprocess
    import sys

    with watched() as watch:
        subprocess.run([sys.executable, "-c", "for _ in range(3_000_000): pass"], check=True)
    assert watch.wall > 0
    assert watch.foreign < 2
