"""What travels on a channel: publications with an offset, and signals, joins and leaves without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import orjson

from channels.action import Action
from channels.agent import Agent
from channels.names import ChannelName, agent_channel, customer_channel
from channels.notice import Notice


class PushKind(StrEnum):
    """What a push is; the values are those on the bus."""

    PUBLICATION = "p"
    SIGNAL = "s"
    JOIN = "j"
    LEAVE = "l"


class Encoder(Protocol):
    """Turns a push into one message of a wire codec."""

    @property
    def name(self) -> str:
        """The codec's, under which a push keeps what was encoded."""
        ...

    def push(self, push: Push) -> bytes:
        """The message of the wire that carries the push."""
        ...


@dataclass(slots=True, eq=False)
class Push:
    """One message of a channel; `data` is JSON text. Encoded once per codec, however many receive it."""

    kind: PushKind
    channel: str
    data: bytes
    offset: int = 0
    _encoded: dict[str, bytes] = field(default_factory=dict)

    def encoded(self, encoder: Encoder) -> bytes:
        """The message for a codec, made when it is first asked for."""
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
    """A numbered message of a channel with a stream; `data` as JSON takes it."""
    return Push(PushKind.PUBLICATION, str(name), orjson.dumps(data), offset)


def signal(name: ChannelName, data: dict[str, Any]) -> Push:
    """A message that is neither numbered nor kept; `data` as JSON takes it."""
    return Push(PushKind.SIGNAL, str(name), orjson.dumps(data))


def action_publication(action: Action) -> Push:
    """What the viewers of its customer are told of an action."""
    channel = str(customer_channel(action.customer_id))
    return Push(PushKind.PUBLICATION, channel, action.publication_text(), action.offset)


def account_signal(agent: Agent) -> Push:
    return signal(agent_channel(agent.id), {"type": "account", "agent": agent.as_json()})


def notice_publication(notice: Notice) -> Push:
    """What an agent is told of a notice."""
    return publication(agent_channel(notice.agent_id), notice.offset, notice.publication_json())
