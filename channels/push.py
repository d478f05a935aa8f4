"""What travels on a channel: publications with an offset, and signals, joins and leaves without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import orjson

from channels.action import Action
from channels.names import ChannelName, agent_channel, customer_channel
from channels.notice import Notice


class PushKind(StrEnum):
    PUBLICATION = "p"
    SIGNAL = "s"
    JOIN = "j"
    LEAVE = "l"


class Encoder(Protocol):
    """Turns a push into one message of a wire codec."""

    @property
    def name(self) -> str: ...

    def push(self, push: Push) -> bytes: ...


@dataclass(slots=True, eq=False)
class Push:
    """One message of a channel; `data` is JSON text. Encoded once per codec, however many receive it."""

    kind: PushKind
    channel: str
    data: bytes
    offset: int = 0
    _encoded: dict[str, bytes] = field(default_factory=dict)

    def encoded(self, encoder: Encoder) -> bytes:
        message = self._encoded.get(encoder.name)
        if message is None:
            message = self._encoded[encoder.name] = encoder.push(self)
        return message

    def to_bus(self) -> bytes:
        """`<kind><offset> <data>`: the channel is the bus's own."""
        return b"%c%d %b" % (self.kind.encode(), self.offset, self.data)

    @classmethod
    def from_bus(cls, channel: str, payload: bytes) -> Push:
        """Raises ValueError for what is no push."""
        head, _, data = payload.partition(b" ")
        return cls(PushKind(head[:1].decode()), channel, data, int(head[1:]))


def publication(name: ChannelName, offset: int, data: dict[str, Any]) -> Push:
    return Push(PushKind.PUBLICATION, str(name), orjson.dumps(data), offset)


def signal(name: ChannelName, data: dict[str, Any]) -> Push:
    return Push(PushKind.SIGNAL, str(name), orjson.dumps(data))


def action_publication(action: Action) -> Push:
    channel = str(customer_channel(action.customer_id))
    return Push(PushKind.PUBLICATION, channel, action.publication_text(), action.offset)


def notice_publication(notice: Notice) -> Push:
    return publication(agent_channel(notice.agent_id), notice.offset, notice.publication_json())
