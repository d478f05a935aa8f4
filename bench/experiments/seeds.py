"""The databases of the experiments."""

from __future__ import annotations

from bench.bench import Bench
from bench.ground import SQL

SIZES = {"1,000": 1000, "100,000": 100_000, "1,000,000": 1_000_000}
DEEP = 100_200
"""Customers of the one agent whose list is 1,002 pages long."""

PER_AGENT = 500


def people(bench: Bench) -> None:
    """`people`: 200 agents, 2,000 customers without a history, new each time, with pgbench's function."""
    bench.ground.fresh("people", (SQL / "people.sql").read_text())
    bench.ground.execute("people", (SQL / "comment.sql").read_text())


def lists(bench: Bench) -> None:
    """`lists_<n>`: kept, for a million customers take a while."""
    for name, customers in SIZES.items():
        values = {"customers": customers, "agents": agents_of(customers), "deep": DEEP if deep(customers) else 0}
        seed = (SQL / "lists.sql").read_text()
        for blank, value in values.items():
            seed = seed.replace(f":{blank}", str(value))
        bench.say(f"A database with {name} customers")
        bench.ground.kept(database_of(customers), seed)


def history(bench: Bench) -> None:
    bench.ground.kept("history", (SQL / "history.sql").read_text())


def database_of(customers: int) -> str:
    return f"lists_{customers}"


def agents_of(customers: int) -> int:
    return max(1, customers // PER_AGENT)


def deep(customers: int) -> bool:
    """Whether this database has the agent with the long list."""
    return customers == SIZES["1,000,000"]
