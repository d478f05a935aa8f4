"""What an idle, connected, subscribed client costs: memory while it is there, CPU when it comes."""

from __future__ import annotations

from functools import partial

from bench.bench import Bench, Numbers
from bench.experiments.seeds import people
from bench.fanout_servers import SERVERS
from bench.trials import Trial

CLIENTS = 5000


def run(bench: Bench) -> list[Trial]:
    people(bench)
    names = [name for name in SERVERS if name == "casewire" or (name in bench.peers.programs and name != "bareloop")]
    return bench.in_turns("clients", {name: partial(_measure, bench, name) for name in names})


def _measure(bench: Bench, name: str) -> tuple[Numbers, float]:
    """Memory by what the process has grown, so that whatever it needs for the first client is in the figure."""
    with SERVERS[name](bench) as server:
        load = bench.load(["-n", str(CLIENTS), "--settle", "2", *server.viewing], ["idle:1"], server.roots)
    before, after = load.raw["memory_before"], load.raw["memory_after"]
    return {
        "client_kib": (after["server"] - before["server"]) / CLIENTS,
        "connect_us": load.raw["connect_cpu_s"]["server"] / CLIENTS * 1e6,
        "connects_per_s": CLIENTS / load.raw["connect_s"],
    }, load.foreign
