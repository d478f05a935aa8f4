"""Law 7: who was connected had each action in time.

The time runs from the commit. It stops where the viewer was not connected and knew it (`Lost`), and where a fault
excused it; from the end of such a stretch the whole bound counts anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from tests.faults.checker.facts import Facts, Seen, Violation
from tests.faults.history import Delivered, Json, Lost, Subscribed

Span = tuple[float, float]
FOREVER = float("inf")


def late(facts: Facts, bound: float) -> Iterator[Violation]:
    for (viewer, channel), seen in facts.seen.items():
        stream = facts.streams.get(channel)
        if stream is None:
            continue
        excuses = merged([*_away(seen), *facts.excuses(viewer)])
        first = next((event.offset for _, event in seen if isinstance(event, Subscribed)), None)
        shown = {event.offset: (place, event.at) for place, event in seen if isinstance(event, Delivered)}
        for offset, action in stream.actions.items():
            if first is None or offset <= first:
                continue
            place, at = shown.get(offset, (seen[-1][0], stream.at))
            wait = longest_wait(committed_at(facts, action), at, excuses)
            if wait > bound:
                yield Violation(7, f"{viewer} at {channel} waited {wait:.1f} s for offset {offset}", (place,))


def committed_at(facts: Facts, action: Json) -> float:
    """When the database stamped the action, which is just before its commit."""
    return facts.at_driver(datetime.fromisoformat(action["created_at"]).timestamp())


def longest_wait(start: float, end: float, excuses: list[Span]) -> float:
    """The longest stretch of [start, end] without an excuse; `excuses` are sorted and do not overlap."""
    longest, since = 0.0, start
    for began, ended in excuses:
        if began >= end:
            break
        if ended <= since:
            continue
        longest = max(longest, began - since)
        since = ended
    return max(longest, end - since)


def merged(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for began, ended in sorted(spans):
        if joined and began <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], ended)
        else:
            joined.append((began, ended))
    return joined


def _away(seen: list[tuple[int, Seen]]) -> Iterator[Span]:
    """Before the first subscription, and from each loss of one to the next."""
    since = float("-inf")
    for _, event in seen:
        if isinstance(event, Lost):
            since = min(since, event.at)
        elif isinstance(event, Subscribed):
            yield since, event.at
            since = FOREVER
    if since != FOREVER:
        yield since, FOREVER
