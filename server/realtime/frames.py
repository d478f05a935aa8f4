"""WebSocket frames (RFC 6455 section 5): the numbers, and frames as a server sends them."""

from __future__ import annotations

from typing import Final

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

FIN: Final = 0x80
COMPRESSED: Final = 0x40
"""The first reserved bit, on the first frame of a message (RFC 7692)."""
MASKED: Final = 0x80

CONTROL_LIMIT: Final = 125
"""Bytes that a control frame may carry."""

NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002
NO_STATUS: Final = 1005
"""Never on the wire: the peer's closing frame named no code."""
INVALID_DATA: Final = 1007
TOO_BIG: Final = 1009


def frame(opcode: int, payload: bytes, *, compressed: bool = False) -> bytes:
    """An unfragmented frame. Servers do not mask."""
    first = FIN | opcode | (COMPRESSED if compressed else 0)
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return b"%c\x7e%b%b" % (first, length.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (first, length.to_bytes(8, "big"), payload)


def close_frame(code: int, reason: str) -> bytes:
    """With NO_STATUS an empty one. A reason that is too long is cut between two characters."""
    if code == NO_STATUS:
        return frame(CLOSE, b"")
    text = reason.encode()[: CONTROL_LIMIT - 2].decode(errors="ignore").encode()
    return frame(CLOSE, code.to_bytes(2, "big") + text)


def is_close_code(code: int) -> bool:
    """Whether a peer may send this code (section 7.4)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
