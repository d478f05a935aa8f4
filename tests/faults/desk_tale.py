"""Made-up histories in which the viewers also follow an agent's notices and its list."""

from __future__ import annotations

from typing import Any

from tests.faults.history import (
    Delivered,
    FinalNotices,
    History,
    ListAsked,
    ListRead,
    ListSettled,
    ListTold,
    Lost,
    Subscribed,
)
from tests.faults.tale import CUSTOMER, VIEWERS, Tale

ONLOOKER = 9
INBOX, WORK = f"agent:{ONLOOKER}", f"work:{ONLOOKER}"
MENTION = f"@{ONLOOKER}"


class DeskTale(Tale):
    def __init__(self) -> None:
        self.notices: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        super().__init__()
        self._noticed = dict.fromkeys(VIEWERS, 0)
        self._listed = dict.fromkeys(VIEWERS, 0)
        for viewer in VIEWERS:
            self.history.append(Subscribed(self.tick(), viewer, INBOX, 0, recovering=False, recovered=False))
            self.read_list(viewer)

    def _log(self, actor: int, command_id: str | None, kind: str, body: str | None, changes: dict[str, Any]) -> Any:
        action = super()._log(actor, command_id, kind, body, changes)
        moved = changes.get("assigned_to", {"from": None, "to": None})
        if body is not None and MENTION in body:
            action["mentions"] = [ONLOOKER]
            self._notice("mentioned", action)
        if moved["from"] == ONLOOKER:
            self._notice("unassigned", action)
            self.told.append({"type": "remove", "customer": {"id": CUSTOMER, "offset": action["offset"]}})
        if moved["to"] == ONLOOKER:
            self._notice("assigned", action)
        if self.customer["assigned_to"] == ONLOOKER:
            self.told.append({"type": "upsert", "customer": dict(self.customer)})
        return action

    def _notice(self, kind: str, action: Any) -> None:
        self.notices.append({"offset": len(self.notices) + 1, "type": kind, "customer_id": CUSTOMER, "action": action})

    @property
    def page(self) -> tuple[dict[str, Any], ...]:
        return (dict(self.customer),) if self.customer["assigned_to"] == ONLOOKER else ()

    def deliver(self) -> None:
        super().deliver()
        for viewer in VIEWERS:
            if viewer in self._away:
                continue
            for notice in self.notices[self._noticed[viewer] :]:
                self.history.append(Delivered(self.tick(), viewer, INBOX, notice["offset"], notice))
            for message in self.told[self._listed[viewer] :]:
                self.history.append(ListTold(self.tick(), viewer, WORK, message))
            self._noticed[viewer], self._listed[viewer] = len(self.notices), len(self.told)

    def read_list(self, viewer: str, *, subscribe: bool = True) -> None:
        if subscribe:
            self.history.append(Subscribed(self.tick(), viewer, WORK, 0, recovering=False, recovered=False))
        self.history.append(ListAsked(self.tick(), viewer, WORK))
        self.history.append(ListRead(self.tick(), viewer, WORK, self.page))
        self._listed[viewer] = len(self.told)

    def refresh(self, viewer: str) -> None:
        self.history.append(ListTold(self.tick(), viewer, WORK, {"type": "refresh"}))

    def lose(self, viewer: str) -> None:
        super().lose(viewer)
        for channel in (INBOX, WORK):
            self.history.append(Lost(self.tick(), viewer, channel, "cut"))

    def come_back(self, viewer: str) -> None:
        self.history.append(
            Subscribed(self.tick(), viewer, INBOX, self._noticed[viewer], recovering=True, recovered=True)
        )
        self.read_list(viewer)
        super().come_back(viewer)

    def settle(self) -> None:
        """All is quiet, and the list is read by who judges."""
        self.deliver()
        self.history.append(ListSettled(self.tick(), WORK, self.page))

    def end(self) -> History:
        self.settle()
        self.history.append(FinalNotices(self.tick(), "north", ONLOOKER, tuple(self.notices)))
        return super().end()
