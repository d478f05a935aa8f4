"""Two workers beside one: what a delivered publication and a write cost, at rates that neither is pressed by.

Each worker gets the same work, so two get twice the writes: that is what adding a core is for. (At the same rate in
all, fewer writes would share a transaction, and each would cost more for that alone.)
"""

from __future__ import annotations

from functools import partial

from bench.bench import Bench, Numbers
from bench.experiments.seeds import people
from bench.fanout_servers import viewing, writing
from bench.trials import Trial

VIEWERS, WRITERS = 1000, 25
MESSAGES, WRITES = 40, 500
"""A second. Messages to all viewers; and, for each worker, writes to customers that nobody views."""


def run(bench: Bench) -> list[Trial]:
    people(bench)
    return bench.in_turns("workers", {"one": partial(_measure, bench, 1), "two": partial(_measure, bench, 2)})


def _measure(bench: Bench, workers: int) -> tuple[Numbers, float]:
    ground = bench.ground
    with ground.redis(None) as redis, ground.node("people", redis, None, CASEWIRE_WORKERS=str(workers)) as node:
        ground.put_postgres(None)
        tokens = ground.tokens(range(1, 201))
        roots = {"server": node.pid, "redis": redis.pid, "postgres": ground.postgres_pid}
        seconds = bench.seconds(5)
        viewed = bench.load(
            ["-n", str(VIEWERS), *viewing(node.port, tokens), *writing(node.port, WRITERS)],
            ["rate:20:0.5", f"rate:{MESSAGES}:{seconds:.1f}"],
            roots,
            core=None,
        )
        written = bench.load(
            ["--tokens", str(tokens), *writing(node.port, workers * WRITERS, f"1:{workers * WRITERS}")],
            ["rate:20:0.5", f"rate:{workers * WRITES}:{seconds:.1f}"],
            roots,
            core=None,
        )
    delivered, writes = viewed.phases[1], written.phases[1]
    done = max(1, writes.count("acknowledged"))
    return {
        "delivered_us": delivered.cpu("server") / max(1, delivered.count("delivered")) * 1e6,
        "write_us": writes.cpu("server") / done * 1e6,
        "write_postgres_us": writes.cpu("postgres") / done * 1e6,
        "write_redis_us": writes.cpu("redis") / done * 1e6,
        "missed": VIEWERS * delivered.count("acknowledged") - delivered.count("delivered"),
        "errors": writes.count("errors") + delivered.count("errors"),
    }, max(viewed.foreign, written.foreign)
