"""One way to drive any official SDK, so that one test speaks for all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.ground.eventually import eventually

NEVER = "never"
"""A token that the application does not get in time."""


class PeerError(Exception):
    """A call that the server, or the SDK, refused."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


@dataclass
class Event:
    """What an SDK told its application. `channel` is None for the connection; names are in snake case."""

    name: str
    channel: str | None
    server_side: bool
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """Through which SDK, transport and codec."""

    sdk: str
    transport: str
    codec: str

    def __str__(self) -> str:
        return f"{self.sdk}-{self.transport}-{self.codec}"


WAYS = [
    Way("python", "websocket", "json"),
    Way("python", "websocket", "protobuf"),
    Way("js", "websocket", "json"),
    Way("js", "websocket", "protobuf"),
    Way("js", "http_stream", "json"),
    Way("js", "http_stream", "protobuf"),
    Way("js", "sse", "json"),
]


class Peer(ABC):
    """An SDK's client: orders, and the `events` that it told, in their order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.label = ""

    # Orders

    @abstractmethod
    async def connect(self) -> None: ...

    @abstractmethod
    async def disconnect(self) -> None: ...

    @abstractmethod
    async def subscribe(
        self,
        channel: str,
        *,
        join_leave: bool = False,
        since: tuple[int, str] | None = None,
        states: Sequence[tuple[int, str]] | None = None,
    ) -> None:
        """`since` only where the SDK has it; `states` are the answers of `getState`, one after the other."""

    @abstractmethod
    async def subscribe_again(self, channel: str) -> None: ...

    @abstractmethod
    async def unsubscribe(self, channel: str) -> None: ...

    @abstractmethod
    async def rpc(self, method: str, data: Any = None, **members: Any) -> Any:
        """Raises PeerError."""

    @abstractmethod
    async def presence(self, channel: str) -> dict[str, Any]:
        """ClientInfo by client."""

    @abstractmethod
    async def presence_stats(self, channel: str) -> tuple[int, int]:
        """Clients and users."""

    @abstractmethod
    async def history(
        self, channel: str, *, limit: int, reverse: bool = False, since: tuple[int, str] | None = None
    ) -> list[int]:
        """Offsets."""

    # What it told

    def told(self, name: str, channel: str | None = None) -> list[dict[str, Any]]:
        return [event.told for event in self.events if (event.name, event.channel) == (name, channel)]

    async def tells(self, name: str, channel: str | None = None, *, times: int = 1) -> dict[str, Any]:
        """Waits until it told something so many times; returns the last."""
        await eventually(
            lambda: len(self.told(name, channel)) >= times,
            within=15,
            what=f"{self.label}: {name} of {channel or 'the connection'}",
        )
        return self.told(name, channel)[times - 1]

    async def subscribed(self, channel: str, **options: Any) -> dict[str, Any]:
        """Subscribes, and waits until it is."""
        await self.subscribe(channel, **options)
        return await self.tells("subscribed", channel)

    def offsets(self, channel: str) -> list[int]:
        """Of the publications that are part of the stream."""
        return [told["offset"] for told in self.told("publication", channel) if told.get("offset")]

    async def sees(self, channel: str, offset: int) -> None:
        await eventually(lambda: offset in self.offsets(channel), within=15, what=f"offset {offset} of {channel}")
