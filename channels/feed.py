"""A feed: one open channel in this process, its position, and who receives it. Synchronous throughout."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import orjson

from channels.names import ChannelKind, ChannelName
from channels.ports import Subscriber
from channels.push import Push, PushKind

RECENT = 256
"""How many of the latest publications a feed keeps for those who are just joining or coming back."""

ROWS = 10_000
"""Of how many customers of a list a feed remembers the latest offset."""

HELD = 256
"""How many publications that arrived before their turn a feed keeps; more are read again from the stream."""


class Feed:
    """`offset` is the latest publication that was delivered; None until it is known.

    Everybody in `receivers` has everything up to `offset`; those in `ahead` have, by their recovery, more.
    """

    __slots__ = (
        "_held",
        "_recent",
        "_rows",
        "ahead",
        "assigned_to",
        "catching_up",
        "channel",
        "curious",
        "joining",
        "name",
        "offset",
        "receivers",
        "subscribed",
        "waiters",
    )

    def __init__(self, name: ChannelName) -> None:
        self.name = name
        self.channel = str(name)
        self.offset: int | None = None
        self.assigned_to: int | None = None
        self.receivers: dict[Subscriber, None] = {}
        self.ahead: dict[Subscriber, int] = {}
        self.curious: dict[Subscriber, None] = {}  # who is told of joins and leaves
        self.joining = 0
        self.waiters: set[asyncio.Future[None]] = set()
        self.subscribed: asyncio.Future[bool] | None = None
        self.catching_up = False
        self._recent: deque[Push] = deque(maxlen=RECENT)
        self._held: dict[int, Push] = {}
        self._rows: dict[int, int] = {}

    @property
    def unused(self) -> bool:
        """Whether nobody receives, joins or waits, so that the channel can be closed."""
        return not (self.receivers or self.joining or self.waiters)

    def settle(self, top: int) -> None:
        """Starts the feed at the stream's latest offset."""
        self.offset = top
        held, self._held = self._held, {}
        self.accept([held[offset] for offset in sorted(held)])

    def accept(self, pushes: Sequence[Push]) -> bool:
        """Takes publications in whatever order they arrive. True where one before one of them is missing.

        Those that follow the latest one are delivered as one run.
        """
        if self.offset is None:
            for push in pushes:
                self._hold(push)
            return False
        run: list[Push] = []
        due = self.offset + 1
        for push in pushes:
            if push.offset > due:
                self._hold(push)
                continue
            following = push if push.offset == due else None
            while following is not None:
                run.append(following)
                due += 1
                following = self._held.pop(due, None)
        self._advance(run)
        return bool(self._held)

    def _hold(self, push: Push) -> None:
        if len(self._held) < HELD:
            self._held[push.offset] = push

    def _advance(self, run: Sequence[Push]) -> None:
        """Delivers; in parts, where an action decides who may see what follows."""
        start = 0
        if self.name.kind is ChannelKind.CUSTOMER:
            for place, push in enumerate(run):
                if b'"assigned_to":' in push.data:
                    self._deliver(run[start:place])
                    self._follow_assignment(push)
                    start = place
        self._deliver(run[start:])

    def _deliver(self, run: Sequence[Push]) -> None:
        if not run:
            return
        self.offset = run[-1].offset
        self._recent.extend(run)
        if self.ahead:
            self._deliver_to_some_ahead(run)
        else:
            for receiver in tuple(self.receivers):
                receiver.deliver(run)
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _follow_assignment(self, push: Push) -> None:
        """Ends the subscriptions of those who may not see the customer any more, before they see this action."""
        changed = orjson.loads(push.data)["customer"]
        if "assigned_to" in changed:
            self.assigned_to = changed["assigned_to"]
            self.dismiss_unentitled()

    def dismiss_unentitled(self) -> None:
        """Ends the subscriptions of those who may not see the channel (any more), and tells them."""
        for receiver in tuple(self.receivers):
            viewer = receiver.viewer
            if not viewer.agent.may_see(self.assigned_to, viewer.visibility):
                self.dismiss(receiver)
                receiver.revoked(self.channel)

    def _deliver_to_some_ahead(self, run: Sequence[Push]) -> None:
        for receiver in tuple(self.receivers):
            position = self.ahead.get(receiver, 0)
            rest = run if run[0].offset > position else [push for push in run if push.offset > position]
            if rest:
                receiver.deliver(rest)
        self.ahead = {receiver: offset for receiver, offset in self.ahead.items() if offset > run[-1].offset}

    def is_news(self, push: Push) -> bool:
        """Whether a change of a list is newer than what was told of the same customer: the bus keeps no order."""
        customer = orjson.loads(push.data).get("customer")
        if customer is None:
            return True
        if customer["offset"] <= self._rows.get(customer["id"], 0):
            return False
        self._rows[customer["id"]] = customer["offset"]
        if len(self._rows) > ROWS:
            del self._rows[next(iter(self._rows))]
        return True

    def broadcast(self, push: Push) -> None:
        """Delivers a push that has no offset."""
        presence = push.kind is PushKind.JOIN or push.kind is PushKind.LEAVE
        run = (push,)
        for receiver in tuple(self.curious if presence else self.receivers):
            receiver.deliver(run)

    def tail(self, after: int) -> list[Push] | None:
        """What was delivered after an offset; None where memory does not reach back that far."""
        if self.offset is None:
            return None
        count = self.offset - after
        if count <= 0:
            return []
        if count > len(self._recent):
            return None
        return [self._recent[index] for index in range(len(self._recent) - count, len(self._recent))]

    def admit(self, receiver: Subscriber, position: int | None, *, curious: bool = False) -> None:
        """Makes a receiver live, who has everything up to `position` (None: the channel has no stream)."""
        self.receivers[receiver] = None
        if curious:
            self.curious[receiver] = None
        if position is not None and self.offset is not None and position > self.offset:
            self.ahead[receiver] = position

    def dismiss(self, receiver: Subscriber) -> None:
        """The receiver gets nothing more of the channel."""
        self.receivers.pop(receiver, None)
        self.ahead.pop(receiver, None)
        self.curious.pop(receiver, None)
