"""Verdicts."""

from __future__ import annotations

import math

import pytest

from bench.goals import GOALS, Line, Verdict, judge, number
from bench.trials import Results, Trial


def line(results: Results, what: str) -> Line:
    (found,) = (one for one in judge(results) if one.what.startswith(what))
    return found


def results_of(experiment: str, **subjects: dict[str, float]) -> Results:
    return Results(trials=[Trial(experiment, subject, 0, numbers) for subject, numbers in subjects.items()])


def test_a_bound_is_met_up_to_the_bound() -> None:
    what = "memory per idle"
    assert line(results_of("clients", casewire={"client_kib": 15}), what).verdict is Verdict.MET
    missed = line(results_of("clients", casewire={"client_kib": 30}), what)
    assert missed == Line(missed.what, "≤ 15 KiB", "30 KiB", "2", Verdict.MISSED)


def test_a_ratio_is_taken_within_the_experiment() -> None:
    what = "fan-out at saturation, 1,000 subscribers, beside nchan"
    results = results_of("fanout", casewire={"saturated_per_s": 2e6}, nchan={"saturated_per_s": 1.6e5})
    found = line(results, what)
    assert found.verdict is Verdict.MET
    assert found.ratio == "12.5"
    assert found.goal == "≥ 10 × nchan"
    results = results_of("fanout", casewire={"saturated_per_s": 1e6}, nchan={"saturated_per_s": 1.6e5})
    assert line(results, what).verdict is Verdict.MISSED


def test_zero_errors_means_zero() -> None:
    what = "10,000 clients dropped and back: errors"
    assert line(results_of("crowd", casewire={"errors": 0}), what).verdict is Verdict.MET
    assert line(results_of("crowd", casewire={"errors": 1}), what).verdict is Verdict.MISSED


def test_a_peer_that_could_not_be_had_is_named_and_not_guessed() -> None:
    results = results_of("fanout", casewire={"cpu_us": 5})
    results.missing["centrifugo"] = "Go is not on this machine"
    found = line(results, "fan-out, 10 messages/s to 1,000 subscribers: CPU per delivered, beside centrifugo")
    assert found.verdict is Verdict.NO_PEER
    assert found.measured == "5 µs"
    assert found.ratio == "–"


def test_what_was_not_run_is_not_measured() -> None:
    assert {one.verdict for one in judge(Results())} == {Verdict.NOT_MEASURED}


def test_a_figure_of_a_busy_machine_is_not_reported() -> None:
    results = Results(trials=[Trial("clients", "casewire", 0, {"client_kib": 3}, foreign=1.0)])
    found = line(results, "memory per idle")
    assert (found.verdict, found.measured) == (Verdict.BUSY, "–")


def test_what_does_not_end_misses_its_bound() -> None:
    found = line(results_of("crowd", casewire={"whole_s": math.inf}), "10,000 clients dropped: whole again")
    assert (found.verdict, found.measured) == (Verdict.MISSED, "∞ s")


@pytest.mark.parametrize("nothing", [0, math.inf])
def test_nothing_is_compared_with_what_did_not_work(nothing: float) -> None:
    results = results_of("crowd", casewire={"meanwhile_p99_ms": 40, "normal_p99_ms": nothing})
    found = line(results, "10,000 clients coming back: p99")
    assert (found.verdict, found.ratio) == (Verdict.NOT_MEASURED, "–")


def test_every_line_of_the_table_is_of_its_own() -> None:
    assert len({goal.what for goal in GOALS}) == len(GOALS)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.0123, "0.0123"), (1.5, "1.5"), (99.94, "99.9"), (128.4, "128"), (12345.6, "12 346"), (math.inf, "∞")],
)
def test_numbers_have_three_digits_that_count(value: float, shown: str) -> None:
    assert number(value) == shown
