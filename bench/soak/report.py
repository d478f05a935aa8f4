"""What a history comes to in figures. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.checker.facts import Facts, Fault
from tests.faults.checker.timeliness import committed_at
from tests.faults.history import (
    Acknowledged,
    Delivered,
    Event,
    ListRead,
    ListTold,
    Lost,
    Refused,
    Subscribed,
    Unknown,
)


@dataclass
class Report:
    """Sums over any number of histories; times in seconds.

    A fault that another one met before it was healed has no time of repair of its own; it is only counted.
    """

    totals: Counter[str] = field(default_factory=Counter)
    rounds: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    viewers_repaired: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    writers_repaired: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    in_quiet: list[float] = field(default_factory=list)
    in_faults: list[float] = field(default_factory=list)

    def add(self, events: Iterable[Event]) -> None:
        facts = Facts(events)
        self._count(facts)
        for fault in facts.faults:
            self.rounds[fault.kind] += 1
            for repaired, measure in ((self.viewers_repaired, _viewers), (self.writers_repaired, _writers)):
                at = measure(facts, fault)
                if not any(o is not fault and o.began <= at and o.ended > fault.began for o in facts.faults):
                    repaired[fault.kind].append(at - fault.ended)
        self._time_deliveries(facts)

    def _count(self, facts: Facts) -> None:
        self.totals["writes"] += len(facts.commands)
        for attempts in facts.commands.values():
            answers = [attempt.outcome for attempt in attempts]
            self.totals["attempts"] += len(attempts)
            self.totals["unknown"] += sum(isinstance(one, Unknown) for one in answers)
            self.totals["retried"] += any(isinstance(one, Unknown) for one in answers)
            self.totals["acknowledged"] += any(isinstance(one, Acknowledged) for one in answers)
            self.refusals.update(one.name for one in answers if isinstance(one, Refused))
        for (_, channel), seen in facts.seen.items():
            kinds = Counter(type(event) for _, event in seen)
            notices = kinds[Delivered] if channel.startswith("agent:") else 0
            self.totals["notices"] += notices
            self.totals["deliveries"] += kinds[Delivered] - notices
            self.totals["list messages"] += kinds[ListTold]
            self.totals["list reads"] += kinds[ListRead]
            self.totals["recoveries"] += min(kinds[Lost], kinds[Subscribed] - 1)
        self.totals["actions"] += len(facts.log)
        self.totals["faults"] += len(facts.faults)

    def _time_deliveries(self, facts: Facts) -> None:
        """From each commit until the last viewer has it."""
        last: dict[tuple[str, int], float] = {}
        for (_, channel), seen in facts.seen.items():
            for _, event in seen:
                if isinstance(event, Delivered):
                    key = channel, event.offset
                    last[key] = max(last.get(key, 0.0), event.at)
        for key, at in last.items():
            committed = _committed(facts, *key)
            if committed is not None:
                troubled = any(f.began <= at and committed <= f.ended for f in facts.faults)
                (self.in_faults if troubled else self.in_quiet).append(at - committed)

    def as_json(self) -> dict[str, Any]:
        return {
            "totals": dict(self.totals),
            "refusals": dict(self.refusals),
            "faults": dict(sorted(self.rounds.items())),
            "commit_to_last_viewer_ms": {"quiet": spread(self.in_quiet), "faults": spread(self.in_faults)},
            "repair_ms": {
                kind: {"viewers": spread(self.viewers_repaired[kind]), "writers": spread(self.writers_repaired[kind])}
                for kind in sorted(self.rounds)
            },
        }


def _viewers(facts: Facts, fault: Fault) -> float:
    """When, after a fault, every viewer follows again and has what was committed before it ended: it has read its list
    again, where it has one."""
    latest = fault.ended
    for (_, channel), seen in facts.seen.items():
        lost, work = False, channel.startswith("work:")
        for _, event in seen:
            if isinstance(event, Lost):
                lost = fault.began <= event.at <= fault.ended
            elif isinstance(event, ListRead if work else Subscribed) and lost:
                latest, lost = max(latest, event.at), False
            elif isinstance(event, Delivered) and event.at > fault.ended and _missed(facts, event, fault):
                latest = max(latest, event.at)
    return latest


def _missed(facts: Facts, event: Delivered, fault: Fault) -> bool:
    committed = _committed(facts, event.channel, event.offset)
    return committed is not None and committed <= fault.ended


def _committed(facts: Facts, channel: str, offset: int) -> float | None:
    stream = facts.streams.get(channel)
    action = None if stream is None else stream.actions.get(offset)
    return None if action is None else committed_at(facts, action)


def _writers(facts: Facts, fault: Fault) -> float:
    """When, after a fault, every command that was begun in it has its answer."""
    latest = fault.ended
    for attempts in facts.commands.values():
        last = attempts[-1].outcome
        if last is not None and fault.began <= attempts[0].invoked.at <= fault.ended:
            latest = max(latest, last.at)
    return latest


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Count, median, 99th percentile and maximum, in milliseconds."""
    if not seconds:
        return {"count": 0}
    ordered = sorted(seconds)
    ranks = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {"count": len(ordered)} | {
        name: round(1000 * ordered[max(0, math.ceil(rank * len(ordered)) - 1)], 1) for name, rank in ranks.items()
    }
