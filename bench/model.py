"""What more cores bring, by model: the costs that were measured on two cores, added up.

A comment that V viewers watch costs its write (Python and PostgreSQL), its publication (Redis), and V deliveries.
Workers share nothing but PostgreSQL and Redis, so cores add up until the one serial part, Redis with its one thread,
is full; what a second worker made dearer is taken to grow again with each doubling of the workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

from bench.trials import Results

CORES = (2, 8, 64)
VIEWERS = (0, 20, 1000)


@dataclass(frozen=True, slots=True)
class Costs:
    """Microseconds of CPU: of a write in Python and in PostgreSQL, of a publication in Redis, of one delivery.

    `growth`: by how much Python's part grows when the workers double.
    """

    write: float
    postgres: float
    redis: float
    delivery: float
    growth: float


@dataclass(frozen=True, slots=True)
class Capacity:
    """Comments a second, and how full Redis's one thread is then."""

    comments_per_s: float
    redis_share: float


def costs_of(results: Results) -> Costs | None:
    """None until the experiment `workers` has been measured."""
    one, two = results.medians("workers", "one"), results.medians("workers", "two")
    if one is None or two is None:
        return None
    growth = max(1.0, _ratio(two, one, "write_us"), _ratio(two, one, "delivered_us"))
    return Costs(one["write_us"], one["write_postgres_us"], one["write_redis_us"], one["delivered_us"], growth)


def capacity(costs: Costs, cores: int, viewers: int) -> Capacity:
    """What `cores` cores can do together when every comment has `viewers` viewers."""
    dearer = costs.growth ** max(0.0, log2(cores / 2))
    each = dearer * (costs.write + viewers * costs.delivery) + costs.postgres + costs.redis
    by_cores = cores * 1e6 / each
    by_redis = 1e6 / costs.redis if costs.redis else float("inf")
    rate = min(by_cores, by_redis)
    return Capacity(rate, rate * costs.redis / 1e6)


def _ratio(two: Mapping[str, float], one: Mapping[str, float], name: str) -> float:
    return two[name] / one[name] if one[name] else 1.0
