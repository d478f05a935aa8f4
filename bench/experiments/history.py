"""A page of 100 of a customer's 100,000 actions, at three depths, 30 agents."""

from __future__ import annotations

import random
from functools import partial

from bench.bench import Bench, Measure
from bench.experiments.pages import in_sql, over_http
from bench.experiments.seeds import history
from bench.ground import SQL
from bench.trials import Trial

DEPTHS = {"newest": (99_000, 100_000), "middle": (49_500, 50_500), "oldest": (200, 1200)}


def run(bench: Bench) -> list[Trial]:
    history(bench)
    subjects: dict[str, Measure] = {}
    for name, (first, last) in DEPTHS.items():
        script = (SQL / "history.pgbench.sql").read_text().replace("@FROM@", str(first)).replace("@TO@", str(last))
        subjects[f"SQL, {name}"] = partial(in_sql, bench, "history", script)
        subjects[f"http, {name}"] = partial(over_http, bench, "history", _paths(first, last))
    return bench.in_turns("history", subjects)


def _paths(first: int, last: int) -> list[str]:
    chance = random.Random(1)
    return [f"/api/customers/1/actions?before={chance.randint(first, last)}&limit=100" for _ in range(1000)]
