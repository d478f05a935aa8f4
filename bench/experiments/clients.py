"""What an idle, connected, subscribed client costs: memory while it is there, CPU when it comes."""

from __future__ import annotations

from functools import partial

from bench.bench import Bench, Numbers
from bench.experiments.seeds import people
from bench.fanout_servers import SERVERS
from bench.trials import Trial

FIRST, ALL = 1000, 5000


def run(bench: Bench) -> list[Trial]:
    people(bench)
    names = [name for name in SERVERS if name == "casewire" or (name in bench.peers.programs and name != "bareloop")]
    return bench.in_turns("clients", {name: partial(_measure, bench, name) for name in names})


def _measure(bench: Bench, name: str) -> tuple[Numbers, float]:
    """Memory by the difference of two crowds, so that what the process itself needs is left out."""
    with SERVERS[name](bench) as server:
        options = ["-n", str(ALL), "--mark", str(FIRST), "--settle", "2"]
        load = bench.load([*options, *server.viewing], ["idle:1"], server.roots)
    before, after = load.raw["memory_at_mark"], load.raw["memory_at_end"]
    return {
        "client_kib": (after["server"] - before["server"]) / (after["ready"] - before["ready"]),
        "connect_us": load.raw["connect_cpu_s"]["server"] / load.raw["connected"] * 1e6,
        "connects_per_s": load.raw["connected"] / load.raw["connect_s"],
    }, load.foreign
