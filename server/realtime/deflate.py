"""permessage-deflate (RFC 7692) without context takeover in either direction.

Each message is compressed on its own. So a publication is compressed once for all who negotiated it, and no
connection keeps a window in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from channels.push import Push
from server.realtime.codecs.codec import Codec
from server.realtime.frames import frame
from server.realtime.reader import TooBig

WINDOW_BITS = 15
TAIL = b"\x00\x00\xff\xff"
"""What ends each compressed message and does not travel (section 7.2.1)."""

WORTHWHILE = 256
"""Bytes below which a message travels as it is."""

_ANSWER = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def negotiated(offers: Sequence[bytes]) -> bytes | None:
    """The answer to the first offer that can be accepted; None: the connection is not compressed.

    Whoever wants a smaller window of ours is declined: it would need a compression of its own.
    """
    for offer in offers:
        name, *parameters = (part.strip() for part in offer.split(b";"))
        if name.lower() != b"permessage-deflate":
            continue
        given = [tuple(part.strip().strip(b'"') for part in parameter.split(b"=", 1)) for parameter in parameters]
        names = [parameter[0] for parameter in given]
        if len(names) != len(set(names)) or not all(_acceptable(*parameter) for parameter in given):
            continue
        return _ANSWER + (b"; server_max_window_bits=15" if b"server_max_window_bits" in names else b"")
    return None


def _acceptable(name: bytes, value: bytes | None = None) -> bool:
    if name in (b"server_no_context_takeover", b"client_no_context_takeover"):
        return value is None
    if name == b"client_max_window_bits":
        return value is None or (value.isdigit() and 8 <= int(value) <= WINDOW_BITS)
    return name == b"server_max_window_bits" and value == b"15"


def deflate(data: bytes) -> bytes:
    """The payload of a compressed message."""
    compressor = zlib.compressobj(wbits=-WINDOW_BITS)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


class Inflater:
    """For the reader (`server.realtime.reader.Inflater`). Holds nothing between messages."""

    def inflate(self, data: bytes, limit: int) -> bytes:
        """Never makes more than `limit` bytes and one, whatever the data claims to be."""
        decompressor = zlib.decompressobj(wbits=-WINDOW_BITS)
        try:
            inflated = decompressor.decompress(data + TAIL, limit + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from None
        if len(inflated) > limit:
            raise TooBig
        return inflated


class DeflatingPacker:
    """A frame of its own for each message, all of a turn in one write (see `server.realtime.packing.Packer`).

    It is an encoder of pushes itself: the compressed frame is kept with the push.
    """

    def __init__(self, codec: Codec, opcode: int) -> None:
        self.codec = codec
        self.name = f"{codec.name}, deflated"
        self._opcode = opcode

    def push(self, push: Push) -> bytes:
        return self._framed(push.encoded(self.codec))

    def pack(self, messages: Sequence[Push | bytes]) -> bytes:
        frames = [
            self._framed(message) if isinstance(message, bytes) else message.encoded(self) for message in messages
        ]
        return frames[0] if len(frames) == 1 else b"".join(frames)

    def _framed(self, message: bytes) -> bytes:
        if len(message) < WORTHWHILE:
            return frame(self._opcode, message)
        return frame(self._opcode, deflate(message), compressed=True)
