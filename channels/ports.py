"""What the hub needs from outside: a bus between processes, the stream that is the truth, and receivers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from channels.agent import Agent, Visibility
from channels.names import ChannelName
from channels.push import Push


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a channel's stream. An empty epoch means any."""

    offset: int
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads, under which rule: every read of a stream is checked against it."""

    agent: Agent
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class StreamPage:
    """A piece of a stream, read in one snapshot.

    `top` is the channel's latest offset, `pushes` those after the asked one, ascending and consecutive, at
    most as many as asked for; `assigned_to` tells whose customer it is.
    """

    epoch: str
    top: int
    pushes: Sequence[Push]
    assigned_to: int | None = None


class Stream(Protocol):
    """The numbered publications of all channels: PostgreSQL."""

    async def read(self, name: ChannelName, viewer: Viewer | None, after: int | None, limit: int) -> StreamPage:
        """After None: no pushes. Raises PermissionDenied where the viewer may not see the channel, or where
        there is none, and DatabaseUnavailable."""
        ...

    async def ahead(self, positions: Sequence[tuple[ChannelName, int]]) -> tuple[str, Mapping[str, int]]:
        """The epoch, and the latest offset of each channel whose stream has more than the given one."""
        ...


class Broker(Protocol):
    """The bus between processes: at most once, unordered between publishers. A hint, never the truth."""

    @property
    def connected(self) -> bool:
        """Whether every channel that is followed is acknowledged and nothing stands in the way."""
        ...

    def publish(self, pushes: Sequence[Push]) -> None:
        """Queues; never waits, never raises."""
        ...

    def subscribe(self, channel: str) -> asyncio.Future[bool]:
        """True once the bus acknowledged; False where it could not in good time (it is tried on)."""
        ...

    def unsubscribe(self, channel: str) -> None:
        """Stops following a channel; what is still under way may arrive."""
        ...


class Subscriber(Protocol):
    """A receiver of one or more channels. All methods are synchronous and never raise."""

    @property
    def viewer(self) -> Viewer:
        """Who it receives for."""
        ...

    @property
    def deliver(self) -> Callable[[Sequence[Push]], None]:
        """Takes a run: pushes of one channel that came together, in order. It is shared by all its receivers."""
        ...

    def revoked(self, channel: str) -> None:
        """The viewer may no longer see the channel; nothing of it follows."""
        ...

    async def drained(self) -> None:
        """Waits until what was delivered has mostly left the process."""
        ...
