"""The goals, and what the measurements say about each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bench.trials import Results


class Verdict(StrEnum):
    """What a line of the table ends with."""

    MET = "met"
    MISSED = "missed"
    NO_PEER = "peer missing"
    NOT_MEASURED = "not measured"
    BUSY = "machine busy"


@dataclass(frozen=True, slots=True)
class Subject:
    """A figure of the measurements: the median of `number` of a subject."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Goal:
    """`figure` is to be at most (or at least) `limit`, or that many times `against` within the same run."""

    what: str
    experiment: str
    figure: Subject
    unit: str
    limit: float
    against: Subject | None = None
    at_least: bool = False

    @property
    def sentence(self) -> str:
        """The goal in the words of the table, such as `≤ 15 KiB`."""
        sign = "≥" if self.at_least else "≤"
        if self.against is None:
            return f"{sign} {number(self.limit)} {self.unit}".strip()
        return f"{sign} {number(self.limit)} × {self.against.name}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table."""

    what: str
    goal: str
    measured: str
    ratio: str
    verdict: Verdict


def judge(results: Results) -> Iterator[Line]:
    """A line for each goal, in the order of GOALS."""
    for goal in GOALS:
        yield _judge(goal, results)


def _judge(goal: Goal, results: Results) -> Line:
    value = _figure(goal, goal.figure, results)
    if isinstance(value, Verdict):
        return Line(goal.what, goal.sentence, "–", "–", value)
    measured = f"{number(value)} {goal.unit}".strip()
    if goal.against is None:
        ratio = value / goal.limit if goal.limit else value
        return Line(goal.what, goal.sentence, measured, number(ratio), _verdict(goal, value))
    base = _figure(goal, goal.against, results)
    if isinstance(base, Verdict):
        return Line(goal.what, goal.sentence, measured, "–", base)
    if not base or math.isinf(base):  # nothing is a multiple of what did not work
        return Line(goal.what, goal.sentence, f"{measured} against {number(base)}", "–", Verdict.NOT_MEASURED)
    ratio = value / base
    return Line(
        goal.what,
        goal.sentence,
        f"{measured} against {number(base)}",
        number(ratio),
        _verdict(goal, ratio),
    )


def _figure(goal: Goal, subject: Subject, results: Results) -> float | Verdict:
    medians = results.medians(goal.experiment, subject.name)
    if medians is not None and subject.number in medians:
        return medians[subject.number]
    if subject.name in results.missing:
        return Verdict.NO_PEER
    tried = any((t.experiment, t.subject) == (goal.experiment, subject.name) for t in results.trials)
    return Verdict.BUSY if tried and medians is None else Verdict.NOT_MEASURED


def _verdict(goal: Goal, value: float) -> Verdict:
    good = value >= goal.limit if goal.at_least else value <= goal.limit
    return Verdict.MET if good else Verdict.MISSED


def number(value: float) -> str:
    """Three digits that count, thousands apart: 0.0123, 1.5, 128, 12 345; ∞ for what has no end."""
    if value == 0:
        return "0"
    if math.isinf(value):
        return "∞"
    if abs(value) >= 100:
        return f"{round(value):,}".replace(",", " ")
    return f"{value:.3g}"


def _against(experiment: str, figure: str, what: str, unit: str, *rivals: tuple[str, float], more: bool) -> list[Goal]:
    """The same figure of Casewire beside those of others."""
    return [
        Goal(
            f"{what}, beside {name}", experiment, Subject("casewire", figure), unit, limit, Subject(name, figure), more
        )
        for name, limit in rivals
    ]


LIST, HISTORY = "assigned-work page of 100, 30 agents", "history page of 100 of a customer with 100,000 actions"

GOALS: tuple[Goal, ...] = (
    *_against(
        "fanout",
        "cpu_us",
        "fan-out, 10 messages/s to 1,000 subscribers: CPU per delivered",
        "µs",
        ("bareloop", 1.5),
        ("nchan", 1.0),
        ("centrifugo", 1.0),
        ("socketio", 0.6),
        more=False,
    ),
    *_against(
        "fanout",
        "saturated_per_s",
        "fan-out at saturation, 1,000 subscribers",
        "delivered/s",
        ("nchan", 10),
        ("centrifugo", 10),
        ("socketio", 25),
        more=True,
    ),
    Goal("memory per idle, connected, subscribed client", "clients", Subject("casewire", "client_kib"), "KiB", 15),
    Goal("connect and subscribe: CPU per client", "clients", Subject("casewire", "connect_us"), "µs", 250),
    Goal("10,000 clients dropped and back: errors", "crowd", Subject("casewire", "errors"), "", 0),
    Goal("10,000 clients dropped: whole again", "crowd", Subject("casewire", "whole_s"), "s", 15),
    Goal(
        "10,000 clients coming back: p99 of a write meanwhile",
        "crowd",
        Subject("casewire", "meanwhile_p99_ms"),
        "ms",
        2,
        Subject("casewire", "normal_p99_ms"),
    ),
    *(
        Goal(what, "comments", Subject(name, "per_s"), "comments/s", limit, Subject("pgbench", "per_s"), at_least=True)
        for what, name, limit in (
            ("comments acknowledged through the socket, 50 agents on 50 customers", "socket", 1.0),
            ("the same with 20 viewers on each customer", "viewers", 0.5),
            ("the same through HTTP", "http", 0.6),
        )
    ),
    Goal(
        "commit to the viewer's socket, 50 writers, 50 writes/s: p50", "latency", Subject("casewire", "p50_ms"), "ms", 3
    ),
    Goal(
        "commit to the viewer's socket, 50 writers, 50 writes/s: p99",
        "latency",
        Subject("casewire", "p99_ms"),
        "ms",
        15,
    ),
    *(
        Goal(
            f"{LIST}, {size} customers",
            "lists",
            Subject(f"http at {size}", "per_s"),
            "pages/s",
            0.8,
            Subject(f"SQL at {size}", "per_s"),
            at_least=True,
        )
        for size in ("1,000", "100,000")
    ),
    Goal(
        f"{LIST}, 1,000,000 customers, 1 GB of shared_buffers",
        "lists",
        Subject("http at 1,000,000", "per_s"),
        "pages/s",
        1 / 1.5,
        Subject("http at 100,000", "per_s"),
        at_least=True,
    ),
    Goal(
        "assigned-work page 1,000",
        "lists",
        Subject("http page 1,000", "cpu_us"),
        "µs of CPU",
        1.2,
        Subject("http page 1", "cpu_us"),
    ),
    *(
        Goal(
            f"{HISTORY}, {depth}",
            "history",
            Subject(f"http, {depth}", "per_s"),
            "pages/s",
            0.8,
            Subject(f"SQL, {depth}", "per_s"),
            at_least=True,
        )
        for depth in ("newest", "middle", "oldest")
    ),
    Goal(
        "history page, oldest beside newest",
        "history",
        Subject("http, oldest", "cpu_us"),
        "µs of CPU",
        1.2,
        Subject("http, newest", "cpu_us"),
    ),
    *(
        Goal(f"two workers: CPU per {what}", "workers", Subject("two", figure), "µs", 1.15, Subject("one", figure))
        for what, figure in (("delivered", "delivered_us"), ("write", "write_us"))
    ),
    Goal("second start of the demo", "start", Subject("casewire", "second_start_s"), "s", 3),
)
