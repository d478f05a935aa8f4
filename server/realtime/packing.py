"""From the messages of one turn to the bytes that a transport takes.

There is one packer for each codec and framing, shared by all connections that use it: by that the outbox knows who
can share a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from channels.push import Push
from server.realtime.codecs.codec import Codec
from server.realtime.deflate import DeflatingPacker
from server.realtime.frames import BINARY, TEXT, frame

Framing = Callable[[bytes], bytes]
"""How the payload of a turn, messages joined by their codec, stands on the wire."""

_TEXT, _BINARY = partial(frame, TEXT), partial(frame, BINARY)


class Packer(Protocol):
    """What a door writes with."""

    @property
    def codec(self) -> Codec: ...

    def pack(self, messages: Sequence[Push | bytes]) -> bytes: ...


def _unframed(payload: bytes) -> bytes:
    return payload


class JoiningPacker:
    """All messages of a turn in one frame. `framing` makes the frame of a payload; without one the sink does."""

    def __init__(self, codec: Codec, framing: Framing = _unframed) -> None:
        self.codec = codec
        self._framing = framing

    def pack(self, messages: Sequence[Push | bytes]) -> bytes:
        codec = self.codec
        encoded = [message if isinstance(message, bytes) else message.encoded(codec) for message in messages]
        return self._framing(encoded[0] if len(encoded) == 1 else codec.join(encoded))


class Packers:
    """The packers of connections that are written to directly, one for each codec and framing."""

    def __init__(self) -> None:
        self._packers: dict[tuple[str, Framing], Packer] = {}
        self._deflating: dict[str, Packer] = {}

    def of(self, codec: Codec, framing: Framing | None = None) -> Packer:
        """By default in frames of a WebSocket."""
        framing = framing or (_TEXT if codec.text else _BINARY)
        packer = self._packers.get((codec.name, framing))
        if packer is None:
            packer = self._packers[codec.name, framing] = JoiningPacker(codec, framing)
        return packer

    def deflated(self, codec: Codec) -> Packer:
        """For WebSockets that negotiated compression."""
        packer = self._deflating.get(codec.name)
        if packer is None:
            packer = self._deflating[codec.name] = DeflatingPacker(codec, TEXT if codec.text else BINARY)
        return packer
