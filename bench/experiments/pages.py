"""Reading pages: through HTTP, and the SQL alone. The node is on one core; PostgreSQL and the load on the other."""

from __future__ import annotations

from collections.abc import Sequence

from bench.bench import Bench, Numbers
from bench.ground import Ground
from bench.machine import LOAD_CORE, SERVER_CORE, watched

AGENTS = 30
LONG = 4


def over_http(bench: Bench, database: str, paths: Sequence[str], readers: int = AGENTS) -> tuple[Numbers, float]:
    """Readers, each with an agent's token of its own, that ask for one path after the other."""
    ground = bench.ground
    with ground.redis(SERVER_CORE) as redis, ground.node(database, redis, SERVER_CORE) as node:
        ground.put_postgres(LOAD_CORE)
        load = bench.load(
            [
                *("--write", f"get:{node.port}:{readers}", "--get-paths", _file(ground, paths)),
                *("--write-headers", "Authorization: Bearer {token}\r\n"),
                *("--tokens", str(ground.tokens(range(1, AGENTS + 1)))),
            ],
            ["closed:1", f"closed:{bench.seconds(LONG):.1f}"],
            {"server": node.pid, "redis": redis.pid, "postgres": ground.postgres_pid},
        )
    phase = load.phases[1]
    done = max(1, phase.count("acknowledged"))
    return {
        "per_s": done / phase.elapsed,
        "p50_ms": phase.percentile("ack_us", "p50"),
        "p99_ms": phase.percentile("ack_us", "p99"),
        "errors": phase.count("errors"),
        "bytes": phase.count("answer_bytes") / done,
        "server_us": phase.cpu("server") / done * 1e6,
        "postgres_us": phase.cpu("postgres") / done * 1e6,
        "cpu_us": phase.cpu("server", "postgres") / done * 1e6,
    }, load.foreign


def in_sql(bench: Bench, database: str, script: str) -> tuple[Numbers, float]:
    """The same page asked for by pgbench."""
    ground = bench.ground
    ground.put_postgres(LOAD_CORE)
    with watched(postgres=ground.postgres_pid) as watch:
        done = ground.pgbench(database, script, clients=AGENTS, seconds=bench.seconds(LONG), core=SERVER_CORE)
    postgres = watch.cpu["postgres"] / done.count * 1e6
    return {"per_s": done.per_s, "p50_ms": done.p50_ms, "p99_ms": done.p99_ms, "postgres_us": postgres}, watch.foreign


def _file(ground: Ground, paths: Sequence[str]) -> str:
    path = ground.temporary / "paths"
    path.write_text("".join(f"{line}\n" for line in paths))
    return str(path)
