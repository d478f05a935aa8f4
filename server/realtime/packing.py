"""From the messages of one turn to the bytes that a transport takes.

There is one packer for each codec and framing, shared by all connections that use it: those that are sent
the same in a turn share one frame, built once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from channels.push import Push
from server.realtime.codecs.codec import Codec
from server.realtime.frames import BINARY, TEXT, frame


class Packer(Protocol):
    """What a door writes with."""

    @property
    def codec(self) -> Codec: ...

    def pack(self, messages: list[Push | bytes]) -> bytes: ...


def _unframed(payload: bytes) -> bytes:
    return payload


class JoiningPacker:
    """All messages of a turn in one frame. `framing` makes the frame of a payload; without one the sink does."""

    def __init__(self, codec: Codec, framing: Callable[[bytes], bytes] = _unframed) -> None:
        self.codec = codec
        self._framing = framing
        self._messages: list[Push | bytes] = []
        self._frame = b""

    def pack(self, messages: list[Push | bytes]) -> bytes:
        if messages == self._messages:  # pushes are compared by identity
            return self._frame
        codec = self.codec
        encoded = [message if isinstance(message, bytes) else message.encoded(codec) for message in messages]
        self._frame = self._framing(encoded[0] if len(encoded) == 1 else codec.join(encoded))
        self._messages = messages.copy()
        return self._frame


class Packers:
    """The packers of WebSockets that are written to directly, one for each codec."""

    def __init__(self) -> None:
        self._plain: dict[str, Packer] = {}

    def of(self, codec: Codec) -> Packer:
        packer = self._plain.get(codec.name)
        if packer is None:
            framing = partial(frame, TEXT if codec.text else BINARY)
            packer = self._plain[codec.name] = JoiningPacker(codec, framing)
        return packer
