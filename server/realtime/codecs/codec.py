"""What a codec is, and what it makes of the bytes that come in. Everything the session says goes through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from channels.push import Push
from server.realtime.codes import Disconnect, ErrorCode, Unsubscribe

METHODS = (
    "connect",
    "subscribe",
    "unsubscribe",
    "publish",
    "presence",
    "presence_stats",
    "history",
    "ping",
    "send",
    "rpc",
    "refresh",
    "sub_refresh",
)
"""In the order of the protocol's schema: of several in one command the first counts."""

COMMANDS_IN_FRAME = 1_000
"""A client sends its connect and its subscribes together, which are far fewer; thousands are an attack."""


class Malformed(Exception):
    """The bytes are not a frame of commands; the connection ends with 3501."""


class Request(NamedTuple):
    """One command. A pong has neither id nor method."""

    id: int
    method: str | None
    params: dict[str, Any]

    @property
    def is_pong(self) -> bool:
        """Whether it only answers a ping."""
        return self.id == 0 and self.method is None


class Codec(Protocol):
    """Parameters and results are dicts with the names of the protocol's schema, whatever the encoding; what the
    schema calls bytes (`data`, `conn_info`) is a JSON value, or an `orjson.Fragment` of its text."""

    @property
    def name(self) -> str:
        """Of the encoding: what one codec of a name made of a push serves for all."""
        ...

    @property
    def text(self) -> bool:
        """Whether WebSocket frames are text or binary."""
        ...

    @property
    def ping(self) -> bytes: ...

    def decode(self, data: bytes | str) -> list[Request]:
        """Raises Malformed."""
        ...

    def reply(self, request_id: int, method: str, result: dict[str, Any]) -> bytes:
        """The answer to a command."""
        ...

    def error(self, request_id: int, error: ErrorCode) -> bytes:
        """The refusal of a command."""
        ...

    def push(self, push: Push) -> bytes:
        """A message of a channel."""
        ...

    def unsubscribe(self, channel: str, end: Unsubscribe) -> bytes:
        """The end of a subscription."""
        ...

    def disconnect(self, end: Disconnect) -> bytes:
        """The end of the connection, where its transport has no close code."""
        ...

    def join(self, messages: Sequence[bytes]) -> bytes:
        """Several messages as one frame."""
        ...
