"""Where the server's time goes on each path: `python -m bench.profile PATH`, with py-spy (`pip install py-spy`).

Samples `casewire serve` while wsload keeps one path busy, and prints the functions that were on top of the stack, and
those that were anywhere in it, by their share of the samples.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from bench.__main__ import CACHE
from bench.bench import Bench
from bench.experiments.comments import CUSTOMERS
from bench.experiments.seeds import people
from bench.fanout_servers import viewing, writing
from bench.ground import Ground, Server
from bench.load import build
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.obtain import obtain

SECONDS, RATE = 6, 400
SHOWN = 25
LINE = re.compile(r":\d+\)$")
PATHS = {
    "fanout": (["-n", "1000"], "rate:40:{seconds}"),
    "connect": (["-n", "10000", "--inflight", "200"], "idle:0"),
    "comments": (["-n", "0"], "closed:{seconds}"),
    "viewers": (["-n", "1000", "--customers", CUSTOMERS], "closed:{seconds}"),
}
"""What wsload does while the samples are taken."""


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in PATHS:
        print(f"usage: python -m bench.profile {'|'.join(PATHS)}", file=sys.stderr)
        return 2
    sampler = shutil.which("py-spy", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")
    if sampler is None:
        print("There is no py-spy here: pip install py-spy", file=sys.stderr)
        return 1
    peers = obtain(CACHE, print)
    with Ground(CACHE, peers) as ground:
        bench = Bench(ground, peers, build(CACHE), 1, print)
        people(bench)
        with ground.redis(LOAD_CORE) as redis, ground.node("people", redis, SERVER_CORE) as node:
            ground.put_postgres(LOAD_CORE)
            stacks = _sample(bench, node, sampler, *PATHS[sys.argv[1]])
    report(stacks)
    return 0


def _sample(bench: Bench, node: Server, sampler: str, options: Sequence[str], phase: str) -> list[str]:
    output = bench.ground.temporary / "stacks"
    tokens = bench.ground.tokens(range(1, 201))
    many = "--customers" in options or "0" in options
    writers = writing(node.port, 50, CUSTOMERS if many else "1:1")
    command = [sampler, "record", "-p", str(node.pid), "-r", str(RATE), "-f", "raw", "-o", str(output)]
    sampling = subprocess.Popen([*command, "-d", str(SECONDS)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bench.load([*viewing(node.port, tokens), *options, *writers], [phase.format(seconds=SECONDS)], {"server": node.pid})
    sampling.wait(60)
    return output.read_text().splitlines()


def report(stacks: Iterable[str]) -> None:
    """`stacks`: lines of py-spy's raw format, `outer;inner;innermost samples`."""
    on_top: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    for line in stacks:
        stack, _, samples = line.rpartition(" ")
        functions = [LINE.sub(")", frame) for frame in stack.split(";")]
        on_top[functions[-1]] += int(samples)
        anywhere.update(dict.fromkeys(functions, int(samples)))
    total = sum(on_top.values()) or 1
    for title, counts in (("on top of the stack", on_top), ("anywhere in it", anywhere)):
        print(f"\n{title}, of {total} samples")
        telling = (one for one in counts.most_common() if one[1] < total)  # what is in all of them tells nothing
        for function, count in islice(telling, SHOWN):
            print(f"  {count / total:6.1%}  {function}")


if __name__ == "__main__":
    sys.exit(main())
