"""`python -m bench.soak --minutes 10 --seed 1`: chapters of writes and faults until the time is up, each checked.

A chapter has PostgreSQL, Redis and two nodes of its own (every other pair of chapters one node of two workers), causes
every kind of fault that they leave room for once and some in pairs, and is judged by the checker. Exits with 1 at the
first violation, which is printed with the part of the history that shows it and with the command that plays the chapter
again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.soak.record import PAGE, recorded
from bench.soak.report import Report, spread
from tests.faults.causing import BY_PROXY, FAULTS, OF_WORKERS
from tests.faults.checker import BOUND, Violation, check
from tests.faults.history import FaultBegan, FaultEnded, History, shown
from tests.faults.plan import Round, Scale, rounds, shuffled
from tests.faults.play import play
from tests.faults.stage import set_up

SHOWN = 5
"""Violations that are printed in full."""


def main() -> int:
    options = _options()
    try:
        return asyncio.run(_run(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("stopped")
        return 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="when no new chapter is begun any more (default 10)")
    parser.add_argument("--chapters", type=int, default=10_000, help="how many chapters at most")
    parser.add_argument("--seed", type=int, default=1, help="of the first chapter; each further one has the next")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="only faults whose names have the word")
    parser.add_argument(
        "--redis", choices=("single", "cluster", "both"), default="both", help="both: a cluster for every other seed"
    )
    parser.add_argument("--scribes", type=int, default=5, help="how many write at once (default 5)")
    parser.add_argument("--steps", type=int, default=8, help="writes of each of them beside each fault (default 8)")
    parser.add_argument("--bound", type=float, default=BOUND, help="seconds of law 7 (default 5)")
    parser.add_argument("--json", type=Path, help="where the figures are written")
    parser.add_argument("--record", action="store_true", help=f"writes the figures into {PAGE.name}")
    return parser.parse_args()


async def _run(options: argparse.Namespace) -> int:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    began, report, chapters, violations = time.monotonic(), Report(), 0, list[Violation]()
    while not violations and chapters < options.chapters and time.monotonic() - began < 60 * options.minutes:
        seed = options.seed + chapters
        history, violations = await _chapter(seed, options)
        chapters += 1
        report.add(history)
        print(f"chapter {seed}: {_line(report, time.monotonic() - began)}", flush=True)
        if violations:
            _show(violations, history, _again(seed, options))
    figures = {"seed": options.seed, "chapters": chapters, "seconds": round(time.monotonic() - began, 1)}
    figures |= {"bound_s": options.bound, "violations": [str(one) for one in violations], **report.as_json()}
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.record and not violations:
        PAGE.write_text(recorded(PAGE.read_text(), figures))
    _print(figures, report)
    return 1 if violations else 0


async def _chapter(seed: int, options: argparse.Namespace) -> tuple[History, list[Violation]]:
    """Plays one chapter. What never heals is a violation too."""
    scale = Scale(scribes=options.scribes, steps=options.steps, longest_hold=2.0)
    cluster = options.redis == "cluster" or (options.redis == "both" and seed % 2 == 0)
    workers = 1 + (seed // 2) % 2
    plan = rounds(seed, faults_of(seed, options.only, cluster=cluster, workers=workers), scale)

    def progress(round_: Round) -> None:
        print(f"  {round_.number + 1}/{len(plan)} {round_.fault:40}", end="\r", flush=True)

    history, unhealed = History(time.monotonic), list[Violation]()
    try:
        async with set_up(scale, history, cluster=cluster, workers=workers) as stage:
            await play(stage, plan, progress)
    except* AssertionError as group:
        for sentence in _sentences(group):
            unhealed.append(Violation(7, sentence, (len(history) - 1,)))
    return history, [*unhealed, *check(history, options.bound)]


def _sentences(error: BaseException) -> list[str]:
    """The first lines of the errors in a group of groups."""
    if isinstance(error, BaseExceptionGroup):
        return [sentence for inner in error.exceptions for sentence in _sentences(inner)]
    return [str(error).partition("\n")[0]]


def faults_of(seed: int, only: Sequence[str], *, cluster: bool = False, workers: int = 1) -> list[str]:
    """Every kind once, in an order of the seed's, and each fault of Redis once beside another one.

    Those that start a node stay alone: they wait for Redis."""
    kinds = [kind for kind in FAULTS if not only or any(word in kind for word in only)]
    unfit = (BY_PROXY if cluster else frozenset()) | (OF_WORKERS if workers == 1 else frozenset())
    kinds = [kind for kind in kinds if kind not in unfit]
    redis = [kind for kind in kinds if kind.startswith(("redis", "pubsub"))]
    alone = ("node killed", "node restarted", "worker killed")
    others = [kind for kind in kinds if kind not in redis and kind not in alone]
    chance = random.Random(seed)
    pairs = [f"{chance.choice(redis)} + {chance.choice(others)}" for _ in redis if others]
    return shuffled(seed, kinds + pairs, len(kinds) + len(pairs))


def _again(seed: int, options: argparse.Namespace) -> str:
    only = f" --only {' '.join(repr(word) for word in options.only)}" if options.only else ""
    scale = f"--redis {options.redis} --scribes {options.scribes} --steps {options.steps}"
    return f"python -m bench.soak --seed {seed} --chapters 1 {scale} --bound {options.bound}{only}"


def _show(violations: Sequence[Violation], history: History, again: str) -> None:
    for one in violations[:SHOWN]:
        print(f"\n{one}")
        for place in _part(history, one):
            print(f"  {place:6} {json.dumps(shown(history.events[place]))}")
    if len(violations) > SHOWN:
        print(f"\n… and {len(violations) - SHOWN} more")
    print(f"\nAgain: {again}\n")


def _part(history: History, violation: Violation) -> list[int]:
    """The places that show a violation, and the faults around them."""
    if not violation.places:
        return []
    first, last = min(violation.places), max(violation.places)
    faults = [place for place, event in enumerate(history) if isinstance(event, FaultBegan | FaultEnded)]
    around = [p for p in faults if p < first][-2:] + [p for p in faults if first <= p <= last][:10]
    return sorted({*violation.places[:20], *around, *[p for p in faults if p > last][:1]})


def _line(report: Report, seconds: float) -> str:
    totals = report.totals
    return (
        f"{seconds:.0f} s, {totals['faults']} faults, {totals['writes']} writes, {totals['unknown']} unknown,"
        f" {totals['deliveries']} deliveries, {totals['notices']} notices, {totals['recoveries']} recoveries"
    )


def _print(figures: dict[str, object], report: Report) -> None:
    print(json.dumps({name: value for name, value in figures.items() if name != "repair_ms"}, indent=1))
    print(f"{'repair, ms':32}{'rounds':>7}  viewers p50 / p99 / max           writers p50 / p99 / max")
    for kind in sorted(report.rounds):
        sides = [spread(times[kind]) for times in (report.viewers_repaired, report.writers_repaired)]
        shown_sides = [
            f"{side['p50']:.0f} / {side['p99']:.0f} / {side['max']:.0f} ({side['count']})" if side["count"] else "-"
            for side in sides
        ]
        print(f"{kind:32}{report.rounds[kind]:>7}  {shown_sides[0]:33} {shown_sides[1]}")


if __name__ == "__main__":
    sys.exit(main())
