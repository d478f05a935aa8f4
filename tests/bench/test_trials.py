"""Medians, and the file that keeps what was measured."""

from __future__ import annotations

import json
import math
from pathlib import Path

from bench.machine import FOREIGN_LIMIT
from bench.trials import Results, Trial, medians


def trial(value: float, *, subject: str = "casewire", experiment: str = "fanout", foreign: float = 0.0) -> Trial:
    return Trial(experiment, subject, 0, {"cpu_us": value}, foreign)


def test_the_median_of_the_quiet_rounds_counts() -> None:
    trials = [trial(1), trial(3), trial(2), trial(100, foreign=FOREIGN_LIMIT + 0.1)]
    assert medians(trials) == {"cpu_us": 2}


def test_without_a_quiet_round_there_is_no_figure() -> None:
    assert medians([trial(1, foreign=2.0)]) is None
    assert medians([]) is None


def test_numbers_that_a_round_lacks_have_no_median() -> None:
    assert medians([Trial("a", "b", 0, {"x": 1, "y": 2}), Trial("a", "b", 1, {"x": 3})]) == {"x": 2}


def test_a_new_run_of_an_experiment_replaces_the_earlier_one_as_a_whole() -> None:
    results = Results(trials=[trial(1), trial(9, subject="nchan"), trial(5, experiment="lists")])
    results.replace("fanout", [trial(2)], "later")
    assert results.medians("fanout", "casewire") == {"cpu_us": 2}
    assert results.medians("fanout", "nchan") is None
    assert results.medians("lists", "casewire") == {"cpu_us": 5}
    assert results.made == {"fanout": "later"}


def test_rounds_are_those_of_the_subject_with_the_fewest() -> None:
    results = Results(trials=[trial(1), trial(1), trial(1, subject="nchan"), trial(1, subject="nchan", foreign=1.0)])
    assert results.rounds("fanout") == 1
    assert results.rounds("lists") == 0


def test_the_file_holds_everything(tmp_path: Path) -> None:
    results = Results({"cores": 2}, {"nchan": "1.3.6"}, {"centrifugo": "no Go"}, {"fanout": "now"}, [trial(1.5)])
    results.save(tmp_path / "results.json")
    assert Results.load(tmp_path / "results.json") == results
    assert Results.load(tmp_path / "nothing.json") == Results()


def test_what_has_no_end_is_kept_in_a_file_that_any_json_reader_takes(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    Results(trials=[trial(math.inf)]).save(path)

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    json.loads(path.read_text(), parse_constant=refuse)
    assert Results.load(path).medians("fanout", "casewire") == {"cpu_us": math.inf}
