"""From the commit to the viewer's socket: 50 writers, 50 comments a second in all, 20 viewers on each customer.

Measured from the moment the action carries, which PostgreSQL gives it just before the commit, so the flush to disk
and everything after it are in the figure. `sent_` counts from the writer's keystroke: the request is in it as well.
"""

from __future__ import annotations

from functools import partial

from bench.bench import Bench, Numbers
from bench.experiments.seeds import people
from bench.fanout_servers import viewing, writing
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.trials import Trial

WRITERS, RATE, VIEWERS_EACH = 50, 50, 20


def run(bench: Bench) -> list[Trial]:
    people(bench)
    return bench.in_turns("latency", {"casewire": partial(_measure, bench)})


def _measure(bench: Bench) -> tuple[Numbers, float]:
    """Writers on one node, viewers on the other: through Redis."""
    ground = bench.ground
    customers = f"1:{WRITERS}"
    with (
        ground.redis(SERVER_CORE) as redis,
        ground.node("people", redis, SERVER_CORE) as node,
        ground.node("people", redis, SERVER_CORE) as other,
    ):
        ground.put_postgres(LOAD_CORE)
        tokens = ground.tokens(range(1, 201))
        load = bench.load(
            [
                *("-n", str(WRITERS * VIEWERS_EACH)),
                *viewing(node.port, tokens, customers),
                *writing(other.port, WRITERS, customers),
            ],
            [f"rate:{RATE}:1", f"rate:{RATE}:{bench.seconds(10):.1f}"],
            {"server": node.pid, "writer": other.pid, "redis": redis.pid, "postgres": ground.postgres_pid},
        )
    phase = load.phases[1]
    return {
        "p50_ms": phase.percentile("since_commit_us", "p50"),
        "p99_ms": phase.percentile("since_commit_us", "p99"),
        "sent_p50_ms": phase.percentile("latency_us", "p50"),
        "sent_p99_ms": phase.percentile("latency_us", "p99"),
        "acknowledged_p50_ms": phase.percentile("ack_us", "p50"),
        "acknowledged_p99_ms": phase.percentile("ack_us", "p99"),
        "missed": phase.count("acknowledged") * VIEWERS_EACH - phase.count("delivered"),
    }, load.foreign
