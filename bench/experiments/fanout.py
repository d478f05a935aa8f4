"""Fan-out: one customer (or channel), 1,000 viewers; at 10 messages a second, and at saturation."""

from __future__ import annotations

from functools import partial

from bench.bench import Bench, Numbers
from bench.experiments.seeds import people
from bench.fanout_servers import SERVERS, ceiling
from bench.load import Phase
from bench.trials import Trial

VIEWERS = 1000
RATE = 10


def run(bench: Bench) -> list[Trial]:
    people(bench)
    names = [name for name in SERVERS if name == "casewire" or name in bench.peers.programs]
    subjects = {name: partial(_measure, bench, name) for name in names}
    return bench.in_turns("fanout", {**subjects, "ceiling": partial(_measure_ceiling, bench)})


def _measure(bench: Bench, name: str) -> tuple[Numbers, float]:
    with SERVERS[name](bench) as server:
        phases = [
            "rate:20:0.5",
            f"rate:{RATE}:{bench.seconds(6):.1f}",
            f"window:{server.window}:{bench.seconds(4):.1f}",
        ]
        load = bench.load(["-n", str(VIEWERS), *server.viewing, *server.writing], phases, server.roots)
    _warm, steady, full = load.phases
    delivered = steady.count("delivered")
    everything = tuple(server.roots)
    return {
        "cpu_us": steady.cpu("server") / max(1, delivered) * 1e6,
        "all_cpu_us": steady.cpu(*everything) / max(1, delivered) * 1e6,
        "p50_ms": steady.percentile("latency_us", "p50"),
        "p99_ms": steady.percentile("latency_us", "p99"),
        "missed": VIEWERS * steady.count("acknowledged") - delivered,
        **_saturation(full),
        "bytes": steady.count("bytes") / max(1, delivered),
    }, load.foreign


def _measure_ceiling(bench: Bench) -> tuple[Numbers, float]:
    """What no server could exceed here: the same bytes, joined, pushed by a loop in C, counted by the load client."""
    with ceiling(bench) as server:
        load = bench.load(["-n", str(VIEWERS), *server.viewing], [f"idle:{bench.seconds(4):.1f}"], server.roots)
    return _saturation(load.phases[0]), load.foreign


def _saturation(phase: Phase) -> Numbers:
    delivered = phase.count("delivered")
    return {
        "saturated_per_s": delivered / phase.elapsed,
        "saturated_cpu_us": phase.cpu("server") / max(1, delivered) * 1e6,
        "saturated_load_core": phase.raw["core_busy_s"][1] / phase.raw["wall_s"],
        "saturated_mb_per_s": phase.count("bytes") / phase.elapsed / 1e6,
        "saturated_joined": delivered / max(1, phase.count("frames")),
    }
