"""Made-up histories that are right, to test the checker with: one customer, two viewers, a clock of steps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.faults.history import (
    Acknowledged,
    ClockSeen,
    Comment,
    Delivered,
    FinalRead,
    History,
    Invoked,
    Lost,
    Refused,
    Snapshot,
    Subscribed,
    Unknown,
    Update,
    Wish,
)

CUSTOMER = 7
CHANNEL = f"customer:{CUSTOMER}"
VIEWERS = ("ann", "bob")
STEP = 0.01


class Tale:
    """Each call tells a little more. What a well-behaved server would do is worked out here, in the plainest way."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.history = History(lambda: self.now)
        self.customer: dict[str, Any] = {"id": CUSTOMER, "status": "open", "assigned_to": None, "fields": {}}
        self.customer |= {"version": 1, "offset": 1}
        self.actions: list[dict[str, Any]] = []
        self._log(1, None, "created", None, {"status": {"from": None, "to": "open"}})
        self.history.append(ClockSeen(self.now, self.now))
        for viewer in VIEWERS:
            self.history.append(Snapshot(self.tick(), viewer, CUSTOMER, dict(self.customer)))
            self.history.append(Subscribed(self.tick(), viewer, CHANNEL, 1, recovering=True, recovered=True))
        self._live = dict.fromkeys(VIEWERS, 1)  # up to where each has been shown the log
        self._away: set[str] = set()

    def tick(self, seconds: float = STEP) -> float:
        self.now += seconds
        return self.now

    def _log(self, actor: int, command_id: str | None, kind: str, body: str | None, changes: dict[str, Any]) -> Any:
        offset = len(self.actions) + 1
        version = self.customer["version"] + (bool(changes) and offset > 1)
        at = datetime.fromtimestamp(self.now, UTC).isoformat()
        action = {
            **{"id": 100 + offset, "customer_id": CUSTOMER, "offset": offset, "kind": kind, "body": body},
            **{"actor": {"id": actor, "name": f"agent {actor}"}, "changes": changes, "version": version},
            **{"command_id": command_id, "created_at": at},
        }
        self.actions.append(action)
        self.customer |= {"offset": offset, "version": version}
        for name, change in changes.items():
            self._set(name, change["to"])
        return action

    def _set(self, name: str, value: Any) -> None:
        if name.startswith("fields."):
            self.customer["fields"] = {**self.customer["fields"], name.removeprefix("fields."): value}
        else:
            self.customer[name] = value

    def publication(self, action: dict[str, Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for name, change in action["changes"].items():
            if name.startswith("fields."):
                changed.setdefault("fields", {})[name.removeprefix("fields.")] = change["to"]
            else:
                changed[name] = change["to"]
        return {"action": action, "customer": {**changed, "version": action["version"]} if changed else {}}

    def invoke(self, actor: int, command_id: str, wish: Wish) -> int:
        attempt = self.history.next_attempt()
        self.history.append(Invoked(self.tick(), attempt, actor, command_id, CUSTOMER, wish, "tale"))
        return attempt

    def acknowledge(self, attempt: int, action: Any, *, replayed: bool = False) -> None:
        self.history.append(Acknowledged(self.tick(), attempt, action, replayed))

    def commit(self, actor: int, command_id: str, wish: Wish) -> Any:
        """The action of a wish that meets no conflict."""
        self.tick()
        if isinstance(wish, Comment):
            return self._log(actor, command_id, "comment", wish.body, {})
        before = {name: self._get(name) for name in wish.changes}
        changes = {name: {"from": before[name], "to": value} for name, value in wish.changes.items()}
        return self._log(actor, command_id, "update", None, changes)

    def _get(self, name: str) -> Any:
        if name.startswith("fields."):
            return self.customer["fields"].get(name.removeprefix("fields."))
        return self.customer[name]

    def deliver(self) -> None:
        """Shows the viewers that are there all that they have not seen."""
        for viewer in VIEWERS:
            if viewer not in self._away:
                for action in self.actions[self._live[viewer] :]:
                    event = Delivered(self.tick(), viewer, CHANNEL, action["offset"], self.publication(action))
                    self.history.append(event)
                self._live[viewer] = len(self.actions)

    def write(self, actor: int, command_id: str, wish: Wish) -> None:
        attempt = self.invoke(actor, command_id, wish)
        action = self.commit(actor, command_id, wish)
        self.deliver()
        self.acknowledge(attempt, action)

    def write_unsure(self, actor: int, command_id: str, wish: Wish) -> None:
        """Committed, but the answer is lost; the retry is answered with the same action."""
        attempt = self.invoke(actor, command_id, wish)
        action = self.commit(actor, command_id, wish)
        self.history.append(Unknown(self.tick(), attempt, "connection lost"))
        self.deliver()
        self.acknowledge(self.invoke(actor, command_id, wish), action, replayed=True)

    def refuse(self, actor: int, command_id: str, wish: Wish, name: str, document: Any = None) -> None:
        self.history.append(Refused(self.tick(), self.invoke(actor, command_id, wish), name, document))

    def conflict(self, actor: int, command_id: str, wish: Update) -> None:
        """Refuses an update of fields that changed since its base, with the document that tells of it."""
        since = [a for a in self.actions if a["version"] > wish.base_version and a["changes"]]
        conflicts = []
        for name in wish.changes:
            touching = [a for a in since if name in a["changes"]]
            if touching:
                conflicts.append(
                    {"field": name, "base": touching[0]["changes"][name]["from"], "yours": wish.changes[name],
                     "theirs": touching[-1]["changes"][name]["to"], "actor": touching[-1]["actor"],
                     "offset": touching[-1]["offset"]}
                )  # fmt: skip
        document = {"current_version": self.customer["version"], "conflicts": conflicts}
        self.refuse(actor, command_id, wish, "edit-conflict", document)

    def lose(self, viewer: str) -> None:
        self._away.add(viewer)
        self.history.append(Lost(self.tick(), viewer, CHANNEL, "cut"))

    def come_back(self, viewer: str) -> None:
        self._away.discard(viewer)
        offset = self._live[viewer]
        self.history.append(Subscribed(self.tick(), viewer, CHANNEL, offset, recovering=True, recovered=True))
        self.deliver()

    def end(self) -> History:
        self.deliver()
        self.history.append(FinalRead(self.tick(), "north", CUSTOMER, dict(self.customer), tuple(self.actions)))
        return self.history
