"""A history, looked up from all sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.faults.history import (
    Acknowledged,
    ClockSeen,
    Delivered,
    Event,
    FaultBegan,
    FaultEnded,
    FinalNotices,
    FinalRead,
    Invoked,
    Json,
    ListAsked,
    ListRead,
    ListSettled,
    ListTold,
    Logged,
    Lost,
    Refused,
    Snapshot,
    Subscribed,
    Unknown,
    Witnessed,
)

Outcome = Acknowledged | Refused | Unknown
Seen = Snapshot | Subscribed | Lost | Delivered | ListTold | ListAsked | ListRead
Command = tuple[int, str]
"""Its actor and its id."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that was broken: which, how in a sentence, and the places in the history that show it."""

    law: int
    sentence: str
    places: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"law {self.law}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Attempt:
    place: int
    invoked: Invoked
    outcome_place: int | None
    outcome: Outcome | None

    @property
    def places(self) -> tuple[int, ...]:
        return (self.place,) if self.outcome_place is None else (self.place, self.outcome_place)


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    began: float
    ended: float
    excused: tuple[str, ...]

    def excuses(self, viewer: str) -> bool:
        return "*" in self.excused or viewer in self.excused


@dataclass(frozen=True, slots=True)
class Stream:
    """The publications of a channel by offset: the action that each of them tells of. `at`: when that was read."""

    at: float
    actions: Mapping[int, Json]


class Facts:
    """`final` holds each customer's last state and log, `notices` each agent's, and `streams` both by channel; `seen`
    what each viewer saw of each channel, in order; `settled` what was on each list whenever all was quiet."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = list(events)
        self.contradictions: list[Violation] = []
        self.final: dict[int, FinalRead] = {}
        self.notices: dict[int, FinalNotices] = {}
        self.log: dict[tuple[int, int], Json] = {}
        self.recorded: dict[Command, list[Json]] = defaultdict(list)
        self.commands: dict[Command, list[Attempt]] = defaultdict(list)
        self.seen: dict[tuple[str, str], list[tuple[int, Seen]]] = defaultdict(list)
        self.settled: dict[str, list[tuple[int, ListSettled]]] = defaultdict(list)
        self.streams: dict[str, Stream] = {}
        self.witnessed: list[tuple[int, Witnessed]] = []
        self.faults: list[Fault] = []
        self._clock: ClockSeen | None = None
        self._sort()

    def _sort(self) -> None:
        invoked: dict[int, tuple[int, Invoked]] = {}
        outcomes: dict[int, tuple[int, Outcome]] = {}
        began: dict[int, FaultBegan] = {}
        ended: dict[int, float] = {}
        for place, event in enumerate(self.events):
            match event:
                case Invoked():
                    invoked[event.attempt] = place, event
                case Acknowledged() | Refused() | Unknown():
                    if event.attempt in outcomes or event.attempt not in invoked:
                        self.contradictions.append(
                            Violation(9, f"attempt {event.attempt} was answered twice", (place,))
                        )
                    outcomes[event.attempt] = place, event
                case Snapshot():
                    self.seen[event.viewer, f"customer:{event.customer_id}"].append((place, event))
                case Subscribed() | Lost() | Delivered() | ListTold() | ListAsked() | ListRead():
                    self.seen[event.viewer, event.channel].append((place, event))
                case ListSettled():
                    self.settled[event.channel].append((place, event))
                case Witnessed():
                    self.witnessed.append((place, event))
                case FaultBegan():
                    began[event.fault] = event
                case FaultEnded():
                    ended[event.fault] = event.at
                case FinalRead():
                    self._read(event, place)
                case FinalNotices():
                    known = self.notices.setdefault(event.agent_id, event)
                    if known.notices != event.notices:
                        words = f"{known.by} and {event.by} tell of agent {event.agent_id}'s notices in different ways"
                        self.contradictions.append(Violation(1, words, (place,)))
                case Logged():
                    self.contradictions.append(Violation(9, f"{event.node} logged an error: {event.words}", (place,)))
                case ClockSeen():
                    self._clock = event
        for attempt, (place, one) in invoked.items():
            outcome_place, outcome = outcomes.get(attempt, (None, None))
            self.commands[one.actor, one.command_id].append(Attempt(place, one, outcome_place, outcome))
        end = self.events[-1].at if self.events else 0.0
        for customer_id, read in self.final.items():
            actions = {action["offset"]: action for action in read.actions}
            self.streams[f"customer:{customer_id}"] = Stream(read.at, actions)
        for agent_id, page in self.notices.items():
            actions = {notice["offset"]: notice["action"] for notice in page.notices}
            self.streams[f"agent:{agent_id}"] = Stream(page.at, actions)
        self.faults = [Fault(f.kind, f.at, ended.get(number, end), f.excused) for number, f in began.items()]

    def _read(self, final: FinalRead, place: int) -> None:
        known = self.final.get(final.customer_id)
        if known is not None:
            if (known.customer, known.actions) != (final.customer, final.actions):
                told = f"{known.by} and {final.by} tell of customer {final.customer_id} in different ways"
                self.contradictions.append(Violation(1, told, (place,)))
            return
        self.final[final.customer_id] = final
        for action in final.actions:
            self.log[final.customer_id, action["offset"]] = action
            if action["command_id"] is not None:
                self.recorded[action["actor"]["id"], action["command_id"]].append(action)

    def attempts(self) -> Iterator[Attempt]:
        for attempts in self.commands.values():
            yield from attempts

    def excuses(self, viewer: str) -> list[tuple[float, float]]:
        """The stretches of time in which a fault excused that a viewer was not served."""
        return [(fault.began, fault.ended) for fault in self.faults if fault.excuses(viewer)]

    def at_driver(self, database: float) -> float:
        """A time of the database's clock, as the driver's clock would have shown it."""
        return database if self._clock is None else database - self._clock.database + self._clock.at
