"""The table, the page and the plot, and that the page in the repository says what its figures say."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench.__main__ import PAGE, PLOT, RECORD
from bench.goals import GOALS
from bench.model import Costs, capacity
from bench.plot import plot
from bench.report import BEGIN, END, block, markdown, replace_block, table
from bench.trials import Results, Trial


def test_columns_line_up() -> None:
    assert markdown(["a", "long head"], [["1", "2"], ["three", "4"]]) == (
        "| a     | long head |\n| ----- | --------- |\n| 1     | 2         |\n| three | 4         |"
    )


def test_the_table_has_a_line_for_each_goal() -> None:
    assert len(table(Results()).splitlines()) == 2 + len(GOALS)


def test_only_the_generated_part_of_a_page_is_replaced() -> None:
    page = replace_block(f"before\n{BEGIN}\nstale words\n{END}\nafter\n", Results())
    assert page.startswith(f"before\n{BEGIN}\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "stale words" not in page
    with pytest.raises(ValueError, match="no generated part"):
        replace_block("a page", Results())


def test_the_plot_draws_what_was_measured() -> None:
    trials = [
        Trial("fanout", name, 0, {"cpu_us": value, "saturated_per_s": 1e6})
        for name, value in (("casewire", 5), ("nchan", 10))
    ]
    tree = ElementTree.fromstring(plot(Results(trials=trials)))
    bars = [element.attrib for element in tree if element.tag.endswith("rect")]
    assert [bar["class"] for bar in bars] == ["o", "p", "o", "p"]
    assert 2 * int(bars[0]["width"]) == int(bars[1]["width"])


def test_the_page_tells_the_newest_figures() -> None:
    results = Results.load(RECORD)
    assert block(results) in PAGE.read_text(), "run `make bench ARGS='--report --record'`"
    assert PLOT.read_text() == plot(results), "run `make bench ARGS='--report --record'`"


def test_the_model_adds_cores_up_until_redis_is_full() -> None:
    costs = Costs(write=80, postgres=20, redis=10, delivery=5, growth=1.0)
    assert capacity(costs, 2, 0).comments_per_s == pytest.approx(2e6 / 110)
    assert capacity(costs, 8, 0).comments_per_s == pytest.approx(8e6 / 110)
    full = capacity(costs, 64, 0)
    assert (full.comments_per_s, full.redis_share) == (pytest.approx(1e5), pytest.approx(1.0))
    assert capacity(costs, 8, 20).comments_per_s == pytest.approx(8e6 / 210)


def test_what_a_second_worker_makes_dearer_grows_with_each_doubling() -> None:
    costs = Costs(write=100, postgres=0, redis=0, delivery=0, growth=1.1)
    assert capacity(costs, 8, 0).comments_per_s == pytest.approx(8e6 / (100 * 1.1**2))
