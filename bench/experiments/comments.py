"""Comments acknowledged, durable: through the socket, with viewers, through HTTP; beside pgbench with the same work.

Everybody may use both cores, as the figures that the goals come from were taken: PostgreSQL, the node, and the load.
"""

from __future__ import annotations

from functools import partial

from bench.bench import Bench, Numbers
from bench.experiments.seeds import people
from bench.fanout_servers import BODY, viewing, writing
from bench.ground import SQL
from bench.load import Load
from bench.machine import watched
from bench.trials import Trial

AGENTS, VIEWERS_EACH = 50, 20
CUSTOMERS = f"1:{AGENTS}"
WARM, LONG = "closed:0.5", 5


def run(bench: Bench) -> list[Trial]:
    people(bench)
    return bench.in_turns(
        "comments",
        {
            "pgbench": partial(_pgbench, bench),
            "socket": partial(_casewire, bench, 0, http=False),
            "viewers": partial(_casewire, bench, VIEWERS_EACH, http=False),
            "http": partial(_casewire, bench, 0, http=True),
        },
    )


def _pgbench(bench: Bench) -> tuple[Numbers, float]:
    bench.ground.put_postgres(None)
    script = (SQL / "comment.pgbench.sql").read_text()
    with watched(postgres=bench.ground.postgres_pid) as watch:
        done = bench.ground.pgbench("people", script, clients=AGENTS, seconds=bench.seconds(LONG), core=None)
    postgres = watch.cpu["postgres"] / done.count * 1e6
    return {"per_s": done.per_s, "p50_ms": done.p50_ms, "p99_ms": done.p99_ms, "postgres_us": postgres}, watch.foreign


def _casewire(bench: Bench, viewers_each: int, *, http: bool) -> tuple[Numbers, float]:
    ground = bench.ground
    with ground.redis(None) as redis, ground.node("people", redis, None) as node:
        ground.put_postgres(None)
        tokens = ground.tokens(range(1, AGENTS + 1))
        writers = _http(node.port) if http else writing(node.port, AGENTS, CUSTOMERS)
        load = bench.load(
            ["-n", str(viewers_each * AGENTS), *viewing(node.port, tokens, CUSTOMERS), *writers],
            [WARM, f"closed:{bench.seconds(LONG):.1f}"],
            {"server": node.pid, "redis": redis.pid, "postgres": ground.postgres_pid},
            core=None,
        )
    return _numbers(load, viewers_each), load.foreign


def _numbers(load: Load, viewers_each: int) -> Numbers:
    phase = load.phases[1]
    done = phase.count("acknowledged")
    return {
        "per_s": done / phase.elapsed,
        "p50_ms": phase.percentile("ack_us", "p50"),
        "p99_ms": phase.percentile("ack_us", "p99"),
        "errors": phase.count("errors"),
        "missed": done * viewers_each - phase.count("delivered"),
        "server_us": phase.cpu("server") / max(1, done) * 1e6,
        "postgres_us": phase.cpu("postgres") / max(1, done) * 1e6,
    }


def _http(port: int) -> list[str]:
    return [
        *("--write", f"post:{port}:{AGENTS}", "--write-path", "/api/customers/{customer}/comments"),
        *("--write-headers", "Authorization: Bearer {token}\r\n"),
        *("--write-template", '{"body":"{body}","command_id":"{uuid}"}'),
        *("--write-customers", CUSTOMERS, "--body", str(BODY)),
    ]
