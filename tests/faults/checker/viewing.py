"""What each viewer was shown of customers, against the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.faults.checker.facts import Facts, Violation
from tests.faults.checker.following import Following, Places
from tests.faults.history import Delivered, Json, Snapshot


def viewing(facts: Facts) -> Iterator[Violation]:
    for (viewer, channel), seen in facts.seen.items():
        kind, _, number = channel.partition(":")
        if kind == "customer":
            yield from _View(facts, viewer, int(number)).follow(seen)
    for place, witnessed in facts.witnessed:
        if witnessed.stored < witnessed.delivered:
            yield Violation(
                2,
                f"customer {witnessed.customer_id}: offset {witnessed.delivered} was shown"
                f" when the database had {witnessed.stored}",
                (place,),
            )


class _View(Following):
    """One viewer's view of one customer; `state` is None until it is known."""

    def __init__(self, facts: Facts, viewer: str, customer_id: int) -> None:
        super().__init__(facts, viewer, f"customer:{customer_id}")
        self._final = facts.final.get(customer_id)
        self._customer_id = customer_id
        self._state: Json | None = None

    def look(self, snapshot: Snapshot) -> None:
        self._state = snapshot.customer

    def take(self, event: Delivered, places: Places) -> Iterator[Violation]:
        if self._final is not None and event.data["action"] != self.facts.log[self._customer_id, event.offset]:
            yield Violation(2, f"{self.named} was shown {event.offset} with other content than the log's", places)
        if self._state is not None:
            self._state = applied(self._state, event.data)

    def end(self, places: Places) -> Iterator[Violation]:
        final = self._final
        if final is not None and self._state is not None and self._state != final.customer:
            differing = sorted(name for name in final.customer if self._state.get(name) != final.customer[name])
            yield Violation(1, f"{self.named} ends in another state than the fresh snapshot: {differing}", places)


def applied(customer: Json, publication: Json) -> dict[str, Any]:
    """A customer after a publication of its channel (docs/realtime.md)."""
    changed = dict(publication["customer"])
    fields = {**customer["fields"], **changed.pop("fields", {})}
    kept = {name: value for name, value in fields.items() if value is not None}
    return {**customer, **changed, "fields": kept, "offset": publication["action"]["offset"]}
