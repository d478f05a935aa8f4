"""A page of 100 of an agent's assigned work, at three sizes of the table, 30 agents; and page 1,000 of a long list."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.bench import Bench, Measure
from bench.experiments.pages import in_sql, over_http
from bench.experiments.seeds import SIZES, agents_of, database_of, deep, lists
from bench.ground import SQL, Server
from bench.machine import SERVER_CORE
from bench.trials import Trial

SAMPLE = 300
"""Agents whose lists are read, chosen at random."""

PAGES = 5
FAR = 1000


def run(bench: Bench) -> list[Trial]:
    lists(bench)
    subjects: dict[str, Measure] = {}
    for name, customers in SIZES.items():
        database = database_of(customers)
        script = (SQL / "page.pgbench.sql").read_text().replace("@AGENTS@", str(agents_of(customers)))
        paths, far = _paths(bench, customers)
        subjects[f"SQL at {name}"] = partial(in_sql, bench, database, script)
        subjects[f"http at {name}"] = partial(over_http, bench, database, paths)
        if far:
            subjects["http page 1"] = partial(over_http, bench, database, far[:1])
            subjects[f"http page {FAR:,}"] = partial(over_http, bench, database, far[1:])
    return bench.in_turns("lists", subjects)


def _paths(bench: Bench, customers: int) -> tuple[list[str], list[str]]:
    """Pages of agents taken at random; and the first and the thousandth of the long list."""
    ground = bench.ground
    with ground.redis(SERVER_CORE) as redis, ground.node(database_of(customers), redis, SERVER_CORE) as node:
        token = ground.tokens([1])
        chance = random.Random(1)
        agents = range(1, agents_of(customers) + 1)
        chosen = chance.sample(agents, min(SAMPLE, len(agents)))
        paths = [path for agent in chosen for path in _walk(node, token, agent, PAGES)]
        chance.shuffle(paths)
        far = []
        if deep(customers):
            far = list(_walk(node, token, max(30, agents_of(customers)) + 1, FAR))
        return paths, far and [far[0], far[-1]]


def _walk(node: Server, token: Path, agent: int, pages: int) -> Iterator[str]:
    """The paths of an agent's first pages."""
    start = path = f"/api/customers?assigned_to={agent}&status=open&limit=100"
    headers = {"Authorization": f"Bearer {token.read_text().strip()}"}
    for _ in range(pages):
        yield path
        with urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{node.port}{path}", headers=headers)
        ) as answer:
            cursor = json.load(answer)["next_cursor"]
        if cursor is None:
            return
        path = f"{start}&cursor={cursor}"
