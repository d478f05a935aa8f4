"""Notices: what concerns an agent is told once, numbered without a gap, and shown to who follows `agent:<id>`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.faults.checker.facts import Facts, Violation
from tests.faults.checker.following import Following, Places
from tests.faults.history import Delivered, FinalNotices, Json

Told = tuple[str, int, int]
"""A notice's type, its customer, and the offset of the action there."""


def noticing(facts: Facts) -> Iterator[Violation]:
    for final in facts.notices.values():
        yield from _numbered(final)
        yield from _told_once(facts, final)
    for (viewer, channel), seen in facts.seen.items():
        kind, _, number = channel.partition(":")
        if kind == "agent":
            yield from _Inbox(facts, viewer, int(number)).follow(seen)


def _numbered(final: FinalNotices) -> Iterator[Violation]:
    """Without a gap, and those of one customer in the order of its actions."""
    latest: dict[int, int] = {}
    for expected, notice in enumerate(final.notices, start=1):
        named = f"agent {final.agent_id}: notice {notice['offset']}"
        if notice["offset"] != expected:
            yield Violation(5, f"{named} stands where {expected} belongs")
            return
        _, customer_id, offset = _told(notice)
        if offset < latest.get(customer_id, 0):
            yield Violation(5, f"{named} tells of action {offset} of customer {customer_id} after a later one")
        latest[customer_id] = offset


def _told_once(facts: Facts, final: FinalNotices) -> Iterator[Violation]:
    due = {told for action in facts.log.values() for told in concerning(facts, action, final.agent_id)}
    told = Counter(_told(notice) for notice in final.notices if notice["customer_id"] in facts.final)
    for one, times in told.items():
        if one not in due:
            yield Violation(2, f"agent {final.agent_id} was told what never happened: {one}")
        elif times > 1:
            yield Violation(4, f"agent {final.agent_id} was told {times} times: {one}")
    for one in sorted(due - told.keys()):
        yield Violation(3, f"agent {final.agent_id} was never told: {one}")


def concerning(facts: Facts, action: Json, agent_id: int) -> Iterator[Told]:
    """What an agent has to be told of an action of somebody else."""
    if action["actor"]["id"] == agent_id:
        return
    where = action["customer_id"], action["offset"]
    moved = action["changes"].get("assigned_to", {"from": None, "to": None})
    if moved["from"] == agent_id:
        yield "unassigned", *where
    if moved["to"] == agent_id:
        yield "assigned", *where
    target = facts.log.get((action["customer_id"], action.get("reply_to") or 0))
    if agent_id in action.get("mentions", ()):
        yield "mentioned", *where
    elif action["kind"] == "comment" and target is not None and target["actor"]["id"] == agent_id:
        yield "replied", *where


def _told(notice: Json) -> Told:
    return notice["type"], notice["customer_id"], notice["action"]["offset"]


class _Inbox(Following):
    def __init__(self, facts: Facts, viewer: str, agent_id: int) -> None:
        super().__init__(facts, viewer, f"agent:{agent_id}")
        self._final = facts.notices.get(agent_id)

    def take(self, event: Delivered, places: Places) -> Iterator[Violation]:
        if self._final is None:
            return
        stored = next(notice for notice in self._final.notices if notice["offset"] == event.offset)
        if any(event.data[member] != stored[member] for member in ("type", "customer_id", "action")):
            yield Violation(2, f"{self.named} was shown {event.offset} with other content than what is stored", places)
