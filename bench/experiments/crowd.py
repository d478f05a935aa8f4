"""10,000 clients on one process, ten to a customer: all dropped at once, and all back with five missed actions each."""

from __future__ import annotations

from functools import partial

from bench.bench import Bench, Numbers
from bench.experiments.seeds import people
from bench.fanout_servers import viewing, writing
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.trials import Trial

CLIENTS, CUSTOMERS, MISSED = 10_000, 1000, 5
OTHERS = "1501:50"
"""Customers that nobody views, written to meanwhile."""

RATE = 50
PATIENCE = 60


def run(bench: Bench) -> list[Trial]:
    return bench.in_turns("crowd", {"casewire": partial(_measure, bench)})


def _measure(bench: Bench) -> tuple[Numbers, float]:
    people(bench)
    ground = bench.ground
    with ground.redis(SERVER_CORE) as redis, ground.node("people", redis, SERVER_CORE) as node:
        ground.put_postgres(LOAD_CORE)
        tokens = ground.tokens(range(1, 201))
        load = bench.load(
            [
                *("-n", str(CLIENTS), "--inflight", "1000"),
                *viewing(node.port, tokens, f"1:{CUSTOMERS}"),
                *writing(node.port, 50, OTHERS),
            ],
            [f"rate:{RATE}:{bench.seconds(5):.1f}", "drop", f"each:{MISSED}", f"back:{RATE}:{PATIENCE}:{MISSED}"],
            {"server": node.pid, "redis": redis.pid, "postgres": ground.postgres_pid},
        )
    normal, _dropped, _missed, back = load.phases
    return {
        "errors": back.count("errors") + back.count("failed") + back.count("wrong"),
        "whole_s": back.raw["whole_s"] or float("inf"),
        "normal_p99_ms": normal.percentile("ack_us", "p99"),
        "meanwhile_p50_ms": back.percentile("ack_us", "p50"),
        "meanwhile_p99_ms": back.percentile("ack_us", "p99"),
        "recovered": back.count("recovered"),
        "server_cpu_us_per_client": back.cpu("server") / CLIENTS * 1e6,
    }, load.foreign
