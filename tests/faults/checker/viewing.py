"""What each viewer was shown, against the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.faults.checker.facts import Facts, Seen, Violation
from tests.faults.history import Delivered, Json, Lost, Snapshot, Subscribed


def viewing(facts: Facts) -> Iterator[Violation]:
    for (viewer, customer_id), seen in facts.seen.items():
        yield from _View(facts, viewer, customer_id).follow(seen)
    for place, witnessed in facts.witnessed:
        if witnessed.stored < witnessed.delivered:
            yield Violation(
                2,
                f"customer {witnessed.customer_id}: offset {witnessed.delivered} was shown"
                f" when the database had {witnessed.stored}",
                (place,),
            )


class _View:
    """One viewer's view of one customer: `position` and `state` are None until they are known."""

    def __init__(self, facts: Facts, viewer: str, customer_id: int) -> None:
        self._facts = facts
        self._customer_id = customer_id
        self._named = f"{viewer} at customer {customer_id}"
        self._position: int | None = None
        self._state: Json | None = None
        self._live = False

    def follow(self, seen: list[tuple[int, Seen]]) -> Iterator[Violation]:
        previous = seen[0][0]
        for place, event in seen:
            match event:
                case Snapshot():
                    self._position, self._state = event.customer["offset"], event.customer
                case Subscribed():
                    yield from self._subscribe(event, (previous, place))
                case Lost():
                    self._live = False
                case Delivered():
                    yield from self._deliver(event, (previous, place))
            previous = place
        yield from self._end((previous,))

    def _subscribe(self, event: Subscribed, places: tuple[int, ...]) -> Iterator[Violation]:
        self._live = True
        if event.recovering and not event.recovered:
            yield Violation(1, f"{self._named} was refused a recovery from {self._position}", places)
        elif self._position is not None and event.offset != self._position:
            yield Violation(1, f"{self._named} had {self._position} and goes on from {event.offset}", places)
        self._position = event.offset

    def _deliver(self, event: Delivered, places: tuple[int, ...]) -> Iterator[Violation]:
        position = self._position
        if not self._live or position is None:
            yield Violation(1, f"{self._named} was shown {event.offset} without a subscription", places)
        elif event.offset <= position:
            yield Violation(1, f"{self._named} was shown {event.offset} after {position}", places)
        elif event.offset > position + 1:
            yield Violation(1, f"{self._named} was shown {event.offset} after {position}: a gap", places)
        self._position = event.offset
        logged = self._facts.log.get((self._customer_id, event.offset))
        if self._customer_id not in self._facts.final:
            pass
        elif logged is None:
            yield Violation(2, f"{self._named} was shown {event.offset}, which was never committed", places)
        elif event.data["action"] != logged:
            yield Violation(2, f"{self._named} was shown {event.offset} with other content than the log's", places)
        if self._state is not None:
            self._state = applied(self._state, event.data)

    def _end(self, places: tuple[int, ...]) -> Iterator[Violation]:
        final = self._facts.final.get(self._customer_id)
        if final is None:
            return
        if self._position != final.customer["offset"]:
            yield Violation(1, f"{self._named} ends at {self._position} of {final.customer['offset']}", places)
        elif self._state is not None and self._state != final.customer:
            differing = sorted(name for name in final.customer if self._state.get(name) != final.customer[name])
            yield Violation(1, f"{self._named} ends in another state than the fresh snapshot: {differing}", places)


def applied(customer: Json, publication: Json) -> dict[str, Any]:
    """A customer after a publication of its channel (docs/realtime.md)."""
    changed = dict(publication["customer"])
    fields = {**customer["fields"], **changed.pop("fields", {})}
    kept = {name: value for name, value in fields.items() if value is not None}
    return {**customer, **changed, "fields": kept, "offset": publication["action"]["offset"]}
