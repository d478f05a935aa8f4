"""Lists of assigned work: whenever all is quiet, who follows `work:<id>` has what a fresh page has, or reads it again.

In time: from the last commit that concerned the list until the viewer's was right. It stops where the viewer knew that
its list may be wrong (not followed, or told to `refresh`) and had not read it yet: that is its own errand.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.checker.facts import Facts, Seen, Violation
from tests.faults.checker.timeliness import FOREVER, Span, committed_at, longest_wait, merged
from tests.faults.history import Json, ListSettled, ListTold
from tests.faults.worklist import REFRESH, Worklist


def listing(facts: Facts, bound: float) -> Iterator[Violation]:
    for (viewer, channel), seen in facts.seen.items():
        kind, _, number = channel.partition(":")
        if kind == "work":
            commits = sorted(_commits(facts, int(number)))
            yield from _List(facts, viewer, channel, commits).follow(seen, bound)


def _commits(facts: Facts, agent_id: int) -> Iterator[float]:
    """When the customers of a list were committed: on it, as they came and as they left."""
    for final in facts.final.values():
        before: int | None = None
        owner: int | None = None
        for action in final.actions:
            before, owner = owner, action["changes"].get("assigned_to", {"to": owner})["to"]
            if agent_id in (before, owner):
                yield committed_at(facts, action)


class _List:
    def __init__(self, facts: Facts, viewer: str, channel: str, commits: list[float]) -> None:
        self._facts = facts
        self._named = f"{viewer} at {channel}"
        self._settled = facts.settled[channel]
        self._excuses = facts.excuses(viewer)
        self._commits = commits
        self._list = Worklist()
        self._right_since = float("-inf")
        self._unsure: list[Span] = []
        self._unsure_since: float | None = float("-inf")

    def follow(self, seen: list[tuple[int, Seen]], bound: float) -> Iterator[Violation]:
        events: list[tuple[int, Seen | ListSettled]] = [*seen, *self._settled]
        for place, event in sorted(events, key=lambda pair: pair[0]):
            if isinstance(event, ListSettled):
                yield from self._compare(event, place, bound)
                continue
            before = dict(self._list.rows or {})
            if isinstance(event, ListTold):
                yield from self._judge(event, place)
            self._list.apply(event)
            if before != (self._list.rows or {}):
                self._right_since = event.at
            self._follow_doubt(event.at)

    def _follow_doubt(self, at: float) -> None:
        if self._list.true and self._unsure_since is not None:
            self._unsure.append((self._unsure_since, at))
            self._unsure_since = None
        elif not self._list.true and self._unsure_since is None:
            self._unsure_since = at

    def _judge(self, event: ListTold, place: int) -> Iterator[Violation]:
        if not self._list.live:
            yield Violation(1, f"{self._named} was told of its list without a subscription", (place,))
        if event.data["type"] == REFRESH:
            return
        told = event.data["customer"]
        if told["id"] in self._facts.final and (told["id"], told["offset"]) not in self._facts.log:
            sentence = f"{self._named} was told of {told['offset']} of customer {told['id']}, which was never committed"
            yield Violation(2, sentence, (place,))

    def _compare(self, settled: ListSettled, place: int, bound: float) -> Iterator[Violation]:
        fresh = {customer["id"]: customer for customer in settled.customers}
        if not self._list.true:
            yield Violation(1, f"{self._named} did not read its list again", (place,))
        elif self._list.rows != fresh:
            wrong = differing(self._list.rows or {}, fresh)
            yield Violation(1, f"{self._named} keeps another list than a fresh page: customers {wrong}", (place,))
        else:
            committed = max((at for at in self._commits if at <= settled.at), default=FOREVER)
            wait = longest_wait(committed, self._right_since, merged([*self._unsure, *self._excuses]))
            if wait > bound:
                yield Violation(7, f"{self._named} waited {wait:.1f} s until its list was right", (place,))


def differing(one: dict[int, Json], other: dict[int, Json]) -> list[int]:
    return sorted(number for number in {*one, *other} if one.get(number) != other.get(number))
