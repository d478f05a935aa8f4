"""What a viewer was shown of a stream: from where it stood, each publication once and in order, to the end."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.checker.facts import Facts, Seen, Violation
from tests.faults.history import Delivered, Lost, Snapshot, Subscribed

Places = tuple[int, ...]


class Following:
    """One viewer's way through one channel's stream: `position` is None until it is known.

    What a publication has to hold, and what a snapshot means, is told by each kind of channel.
    """

    def __init__(self, facts: Facts, viewer: str, channel: str) -> None:
        self.facts = facts
        self.named = f"{viewer} at {channel}"
        self.position: int | None = None
        self._stream = facts.streams.get(channel)
        self._live = False

    def follow(self, seen: list[tuple[int, Seen]]) -> Iterator[Violation]:
        previous = seen[0][0]
        for place, event in seen:
            match event:
                case Snapshot():
                    self.position = event.customer["offset"]
                    self.look(event)
                case Subscribed():
                    yield from self._subscribe(event, (previous, place))
                case Lost():
                    self._live = False
                case Delivered():
                    yield from self._deliver(event, (previous, place))
            previous = place
        yield from self._end((previous,))

    def look(self, snapshot: Snapshot) -> None:
        """The viewer read what the channel is about."""

    def take(self, event: Delivered, places: Places) -> Iterator[Violation]:
        """A publication that is in the stream; whether it holds what it should."""
        raise NotImplementedError

    def end(self, places: Places) -> Iterator[Violation]:
        """The viewer has everything; whether it ends where it should."""
        yield from ()

    def _subscribe(self, event: Subscribed, places: Places) -> Iterator[Violation]:
        self._live = True
        if event.recovering and not event.recovered:
            yield Violation(1, f"{self.named} was refused a recovery from {self.position}", places)
        elif self.position is not None and event.offset != self.position:
            yield Violation(1, f"{self.named} had {self.position} and goes on from {event.offset}", places)
        self.position = event.offset

    def _deliver(self, event: Delivered, places: Places) -> Iterator[Violation]:
        position = self.position
        if not self._live or position is None:
            yield Violation(1, f"{self.named} was shown {event.offset} without a subscription", places)
        elif event.offset <= position:
            yield Violation(1, f"{self.named} was shown {event.offset} after {position}", places)
        elif event.offset > position + 1:
            yield Violation(1, f"{self.named} was shown {event.offset} after {position}: a gap", places)
        self.position = event.offset
        if self._stream is not None and event.offset not in self._stream.actions:
            yield Violation(2, f"{self.named} was shown {event.offset}, which was never committed", places)
        else:
            yield from self.take(event, places)

    def _end(self, places: Places) -> Iterator[Violation]:
        if self._stream is None:
            return
        top = max(self._stream.actions, default=0)
        if self.position != top:
            yield Violation(1, f"{self.named} ends at {self.position} of {top}", places)
        else:
            yield from self.end(places)
