"""A list of assigned work as a client keeps it: read over HTTP, then changed by what `work:` tells (docs/realtime.md).

Pure. The viewers keep theirs by it, and the checker works out again from the history what they had.
"""

from __future__ import annotations

from tests.faults.history import Event, Json, ListAsked, ListRead, ListTold, Lost, Subscribed

REFRESH = "refresh"


class Worklist:
    """`rows` are the customers by id, None until they were read for the first time. `true` while it is followed and
    was read since the last subscription and the last `refresh`; otherwise it has to be read again."""

    def __init__(self) -> None:
        self.rows: dict[int, Json] | None = None
        self.live = self.true = False
        self._since: dict[int, Json] | None = None  # what was told while an answer is awaited, the latest of each
        self._doubted = False

    def apply(self, event: Event) -> None:
        match event:
            case Subscribed():
                self.live, self.true, self._since = True, False, None
            case Lost():
                self.live, self.true, self._since = False, False, None
            case ListAsked():
                self._since, self._doubted = {}, False
            case ListTold():
                self._tell(event.data)
            case ListRead():
                self._read(event.customers)

    def _tell(self, message: Json) -> None:
        if message["type"] == REFRESH:
            self.true, self._doubted = False, True
            return
        customer = message["customer"]
        if self._since is not None:
            known = self._since.get(customer["id"])
            if known is None or known["customer"]["offset"] < customer["offset"]:
                self._since[customer["id"]] = message
        if self.rows is not None:
            _lay(self.rows, message)

    def _read(self, customers: tuple[Json, ...]) -> None:
        if self._since is None:
            return  # the answer to a question from before the last loss
        self.rows = {customer["id"]: customer for customer in customers}
        for message in self._since.values():
            _lay(self.rows, message)
        self.true, self._since = self.live and not self._doubted, None


def _lay(rows: dict[int, Json], message: Json) -> None:
    """Over the row only if it is newer."""
    customer = message["customer"]
    known = rows.get(customer["id"])
    if known is not None and known["offset"] >= customer["offset"]:
        return
    if message["type"] == "upsert":
        rows[customer["id"]] = customer
    else:
        rows.pop(customer["id"], None)
