"""What happened in a run, in the order in which the driver saw it. Only ever appended to; the checker judges it.

Times (`at`) are seconds of the driver's own clock. Commands are named by `(actor, command_id)`; each attempt to carry
one out has a number of its own. Channels have their public names: `customer:7`, `agent:3`, `work:3`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Comment:
    """A wish to comment; with `seen_offset` only if no other agent wrote since."""

    body: str
    seen_offset: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A wish to change fields (custom ones as `fields.<key>`) that starts from a version."""

    changes: Mapping[str, Any]
    base_version: int
    strict: bool = False


Wish = Comment | Update


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """The database's clock, in seconds since the epoch, when the driver's showed `at`."""

    at: float
    database: float


@dataclass(frozen=True, slots=True)
class Invoked:
    """An attempt leaves its client, by way of `via` (a transport and a node)."""

    at: float
    attempt: int
    actor: int
    command_id: str
    customer_id: int
    wish: Wish
    via: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The attempt was answered with success. `action` None: nothing had to change; `replayed` None: not told."""

    at: float
    attempt: int
    action: Json | None
    replayed: bool | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The attempt was refused for good, by the name of a problem and, where one came, with its document."""

    at: float
    attempt: int
    name: str
    document: Json | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows what became of the attempt: no answer, or one that asks to try again."""

    at: float
    attempt: int
    why: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A viewer read the customer as it is, before it subscribed from there."""

    at: float
    viewer: str
    customer_id: int
    customer: Json


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A viewer follows a channel from `offset` on (a list, which has none, from 0)."""

    at: float
    viewer: str
    channel: str
    offset: int
    recovering: bool
    recovered: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """A viewer knows that it follows no longer (`why`), and tries to come back."""

    at: float
    viewer: str
    channel: str
    why: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A publication reached a viewer; `data` is what it carried."""

    at: float
    viewer: str
    channel: str
    offset: int
    data: Json


@dataclass(frozen=True, slots=True)
class ListTold:
    """A message of a list reached a viewer: `upsert`, `remove` or `refresh`."""

    at: float
    viewer: str
    channel: str
    data: Json


@dataclass(frozen=True, slots=True)
class ListAsked:
    """A viewer asks for a list over HTTP; what it is told from here on may be missing in the answer."""

    at: float
    viewer: str
    channel: str


@dataclass(frozen=True, slots=True)
class ListRead:
    """The answer: the list's customers at some moment since it was asked for."""

    at: float
    viewer: str
    channel: str
    customers: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class ListSettled:
    """Everything was quiet, and a list, read anew by nobody's viewer, had these customers."""

    at: float
    channel: str
    customers: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """After a viewer had seen `delivered`, the database itself was asked for the customer's offset."""

    at: float
    customer_id: int
    delivered: int
    stored: int


@dataclass(frozen=True, slots=True)
class FaultBegan:
    """`excused`: the viewers who cannot be served while the fault lasts (`*`: nobody can)."""

    at: float
    fault: int
    kind: str
    excused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultEnded:
    at: float
    fault: int


@dataclass(frozen=True, slots=True)
class FinalRead:
    """A customer and its whole log, read when everything was quiet; `by` tells from which node."""

    at: float
    by: str
    customer_id: int
    customer: Json
    actions: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class FinalNotices:
    """The notices of an agent from the first to the last, read when everything was quiet."""

    at: float
    by: str
    agent_id: int
    notices: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Logged:
    """A node wrote an error into its log, which no fault is a reason for."""

    at: float
    node: str
    words: str


Event = (
    ClockSeen
    | Invoked
    | Acknowledged
    | Refused
    | Unknown
    | Snapshot
    | Subscribed
    | Lost
    | Delivered
    | ListTold
    | ListAsked
    | ListRead
    | ListSettled
    | Witnessed
    | FaultBegan
    | FaultEnded
    | FinalRead
    | FinalNotices
    | Logged
)


class History:
    """`clock` is the driver's."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.events: list[Event] = []
        self._attempts = 0

    def append(self, event: Event) -> None:
        self.events.append(event)

    def next_attempt(self) -> int:
        self._attempts += 1
        return self._attempts

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)


def shown(event: Event) -> dict[str, Any]:
    """An event as JSON, with long texts cut short."""
    return {"event": type(event).__name__, **{name: _short(value) for name, value in asdict(event).items()}}


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 120:
        return f"{value[:100]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_short(inner) for inner in value[:20]]
    return value
