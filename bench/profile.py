"""Where the server's time goes on each path: `python -m bench.profile PATH`, with py-spy (`pip install py-spy`).

Samples `casewire serve` while wsload keeps one path busy, and prints the functions that were on top of the stack, and
those that were anywhere in it, by their share of the samples. `memory` is told by bench/memory.py.
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

from bench import memory
from bench.__main__ import CACHE
from bench.bench import Bench
from bench.experiments.comments import CUSTOMERS
from bench.experiments.seeds import people
from bench.fanout_servers import viewing, writing
from bench.ground import Ground
from bench.load import build
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.obtain import Peers

SECONDS, RATE = 6, 400
SHOWN = 25
LINE = re.compile(r":\d+\)$")
MEMORY = "memory"
PATHS = {
    "fanout": (["-n", "1000"], "rate:40:{seconds}"),
    "connect": (["-n", "10000", "--inflight", "200"], "idle:0"),
    "comments": (["-n", "0"], "closed:{seconds}"),
    "viewers": (["-n", "1000", "--customers", CUSTOMERS], "closed:{seconds}"),
}
"""What wsload does while the samples are taken."""


def main() -> int:
    """Profiles the path that the command line names; exits with 2 where it names none."""
    if len(sys.argv) != 2 or sys.argv[1] not in (*PATHS, MEMORY):
        print(f"usage: python -m bench.profile {'|'.join((*PATHS, MEMORY))}", file=sys.stderr)
        return 2
    path = sys.argv[1]
    tool = "memray" if path == MEMORY else "py-spy"
    program = shutil.which(tool, path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")
    if program is None:
        print(f"There is no {tool} here: pip install {tool}", file=sys.stderr)
        return 1
    peers = Peers(CACHE)  # none is needed
    with Ground(CACHE, peers) as ground:
        bench = Bench(ground, peers, build(CACHE), 1, print)
        people(bench)
        ground.put_postgres(LOAD_CORE)
        if path == MEMORY:
            memory.report(memory.memory(bench), print)
        else:
            report(_sample(bench, program, *PATHS[path]))
    return 0


def _sample(bench: Bench, sampler: str, options: Sequence[str], phase: str) -> list[str]:
    ground = bench.ground
    output = ground.temporary / "stacks"
    tokens = ground.tokens(range(1, 201))
    many = "--customers" in options or "0" in options
    with ground.redis(LOAD_CORE) as redis, ground.node("people", redis, SERVER_CORE) as node:
        writers = writing(node.port, 50, CUSTOMERS if many else "1:1")
        command = [sampler, "record", "-p", str(node.pid), "-r", str(RATE), "-d", str(SECONDS), "-f", "raw"]
        sampling = subprocess.Popen([*command, "-o", str(output)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        words = [*viewing(node.port, tokens), *options, *writers]
        bench.load(words, [phase.format(seconds=SECONDS)], {"server": node.pid})
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
