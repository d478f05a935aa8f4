"""The command line of the bench."""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from bench.bench import Bench
from bench.ground import PROJECT, Ground
from bench.load import build
from bench.machine import description
from bench.obtain import obtain
from bench.report import figures, replace_block, table
from bench.trials import Results

EXPERIMENTS = ("fanout", "clients", "crowd", "comments", "latency", "lists", "history", "workers", "start")
CACHE = PROJECT / ".cache" / "bench"
RECORD = PROJECT / "docs" / "performance.json"
PAGE = PROJECT / "docs" / "performance.md"
PLOT = PROJECT / "docs" / "images" / "performance.svg"


def main() -> int:
    words = _parser().parse_args()
    path = RECORD if words.record else CACHE / "results.json"
    results = Results.load(path)
    if not words.report:
        failures = _measure(words, results, path)
        for failure in failures:
            print(failure, file=sys.stderr)
    print(f"\n{figures(results)}\n\n{table(results)}")
    if words.record:
        from bench.plot import plot

        PAGE.write_text(replace_block(PAGE.read_text(), results))
        PLOT.write_text(plot(results))
    return 0 if words.report or not failures else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measures Casewire beside its peers and prints the table of goals."
    )
    parser.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help=f"which ones: {', '.join(EXPERIMENTS)}; all"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured; the median counts (5)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of the lengths of the phases; below 1 for a first look"
    )
    parser.add_argument(
        "--record", action="store_true", help="put the results into docs/performance.json, .md and the plot as well"
    )
    parser.add_argument("--impatient", action="store_true", help="neither wait for a quiet machine nor try again")
    parser.add_argument("--only", action="append", default=[], metavar="SUBJECT", help="of the experiment; repeatable")
    parser.add_argument("--report", action="store_true", help="measure nothing, show the newest results")
    return parser


def _measure(words: argparse.Namespace, results: Results, path: Path) -> list[str]:
    unknown = set(words.experiments) - set(EXPERIMENTS)
    if unknown:
        raise SystemExit(f"There is no experiment {', '.join(sorted(unknown))}. There are: {', '.join(EXPERIMENTS)}.")
    peers = obtain(CACHE, _say)
    with Ground(CACHE, peers) as ground:
        bench = Bench(ground, peers, build(CACHE), words.rounds, _say, words.scale, not words.impatient, words.only)
        results.machine = description()
        results.versions = {**peers.versions, "PostgreSQL": _major(ground), "Casewire": _commit()}
        results.missing = peers.missing
        for name in words.experiments or EXPERIMENTS:
            _say(f"{name}, {words.rounds} rounds")
            trials = import_module(f"bench.experiments.{name}").run(bench)
            results.replace(name, trials, datetime.now(UTC).isoformat(timespec="seconds"))
            results.save(path)
        return bench.failures


def _major(ground: Ground) -> str:
    return str(ground.fetch("casewire", "SHOW server_version")).split()[0]


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
