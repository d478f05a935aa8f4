"""Reading what a WebSocket client sends (RFC 6455): bytes in, messages, pings and ends out. No I/O.

However the bytes are cut into pieces, the events are the same. The reader trusts nothing: it enforces the
mask, the reserved bits, the order of fragments, the length of messages, and UTF-8 as early as it can.
"""

from __future__ import annotations

import codecs
from typing import NamedTuple, Protocol

from server.realtime.frames import (
    BINARY,
    CLOSE,
    COMPRESSED,
    CONTINUATION,
    CONTROL_LIMIT,
    FIN,
    INVALID_DATA,
    MASKED,
    NO_STATUS,
    PING,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    is_close_code,
)

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without its compiled part
    from websockets.utils import apply_mask

MESSAGE_LIMIT = 65_536
"""Bytes of a message, all its fragments together, after it was inflated."""


class Message(NamedTuple):
    """A whole message; the `data` of a text is valid UTF-8."""

    data: bytes
    text: bool


class Ping(NamedTuple):
    payload: bytes


class Closed(NamedTuple):
    """The peer's closing frame. Nothing is read after it."""

    code: int
    reason: str


class Violation(NamedTuple):
    """The connection must be failed with this code. Nothing is read after it."""

    code: int
    reason: str


Event = Message | Ping | Closed | Violation


class Inflater(Protocol):
    """Inflates a whole compressed message; see `server.realtime.deflate`."""

    def inflate(self, data: bytes, limit: int) -> bytes:
        """Raises TooBig beyond `limit` bytes, and ValueError for what is not deflated data."""
        ...


class TooBig(Exception):
    """A message beyond the limit."""


class _Broken(Exception):
    def __init__(self, code: int, reason: str) -> None:
        self.violation = Violation(code, reason)


_END = -1
"""The place after which nothing is read."""


class Reader:
    """`inflater` is given where compression was negotiated."""

    __slots__ = ("_buffer", "_ended", "_fragments", "_inflater", "_limit", "_wanted")

    def __init__(self, inflater: Inflater | None = None, limit: int = MESSAGE_LIMIT) -> None:
        self._inflater = inflater
        self._limit = limit
        self._buffer: bytearray | None = None
        self._wanted = 0  # bytes without which the frame that has begun cannot be read
        self._fragments: _Fragments | None = None
        self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes complete, in order. A Closed or a Violation is the last event for good."""
        events: list[Event] = []
        if self._ended:
            return events
        piece: bytes | bytearray = data
        if self._buffer is not None:
            self._buffer += data
            if len(self._buffer) < self._wanted:
                return events
            piece, self._buffer = self._buffer, None
        self._wanted = 0
        place = 0
        try:
            while place != _END and place < len(piece):
                after = self._read_frame(piece, place, events)
                if after == place:
                    self._buffer = bytearray(piece[place:])
                    break
                place = after
        except _Broken as broken:
            events.append(broken.violation)
            place = _END
        if place == _END:
            self._ended = True
            self._fragments = None
        return events

    def _read_frame(self, data: bytes | bytearray, start: int, events: list[Event]) -> int:
        """Reads the frame at `start` if it is complete; returns the place after it, else `start`."""
        have = len(data) - start
        if have < 2:
            self._wanted = 2
            return start
        first, second = data[start], data[start + 1]
        length = second & 0x7F
        head = 6
        if length > CONTROL_LIMIT:
            size = 2 if length == 126 else 8
            head += size
            if have < 2 + size:
                self._wanted = 2 + size
                return start
            length = int.from_bytes(data[start + 2 : start + 2 + size], "big")
        self._check(first, second, length)
        if have < head + length:
            self._wanted = head + length
            return start
        body = start + head
        payload = apply_mask(data[body : body + length], bytes(data[body - 4 : body]))
        opcode = first & 0x0F
        if opcode < CLOSE:
            self._take_data(first, payload, events)
        elif opcode == PING:
            events.append(Ping(payload))
        elif opcode == CLOSE:
            events.append(_closed(payload))
            return _END
        return body + length

    def _check(self, first: int, second: int, length: int) -> None:
        """Everything that the head of a frame can do wrong."""
        opcode = first & 0x0F
        if not second & MASKED:
            raise _Broken(PROTOCOL_ERROR, "frames of a client are masked")
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise _Broken(PROTOCOL_ERROR, "unknown opcode")
        starts = opcode in (TEXT, BINARY)
        if first & 0x30 or (first & COMPRESSED and (self._inflater is None or not starts)):
            raise _Broken(PROTOCOL_ERROR, "reserved bits are set")
        if opcode >= CLOSE:
            if not first & FIN or length > CONTROL_LIMIT:
                raise _Broken(PROTOCOL_ERROR, "a control frame is whole and short")
            return
        if starts == (self._fragments is not None):
            raise _Broken(PROTOCOL_ERROR, "fragments are out of order")
        if length + (0 if self._fragments is None else self._fragments.size) > self._limit:
            raise _Broken(TOO_BIG, "message too big")

    def _take_data(self, first: int, payload: bytes, events: list[Event]) -> None:
        fragments = self._fragments
        if fragments is None:
            text, compressed = first & 0x0F == TEXT, bool(first & COMPRESSED)
            if first & FIN:
                events.append(self._whole(payload, text=text, compressed=compressed))
                return
            fragments = self._fragments = _Fragments(text=text, compressed=compressed)
        fragments.add(payload, final=bool(first & FIN))
        if first & FIN:
            self._fragments = None
            # the text of an uncompressed message was checked piece by piece
            text = fragments.text and fragments.compressed
            message = self._whole(bytes(fragments.data), text=text, compressed=fragments.compressed)
            events.append(Message(message.data, fragments.text))

    def _whole(self, data: bytes, *, text: bool, compressed: bool) -> Message:
        if compressed and self._inflater is not None:
            try:
                data = self._inflater.inflate(data, self._limit)
            except TooBig:
                raise _Broken(TOO_BIG, "message too big") from None
            except ValueError:
                raise _Broken(PROTOCOL_ERROR, "not deflated data") from None
        if text and not data.isascii():
            _check_text(data)
        return Message(data, text)


class _Fragments:
    """A message of which more is to come."""

    __slots__ = ("_utf8", "compressed", "data", "text")

    def __init__(self, *, text: bool, compressed: bool) -> None:
        self.text = text
        self.compressed = compressed
        self.data = bytearray()
        self._utf8 = codecs.getincrementaldecoder("utf-8")() if text and not compressed else None

    @property
    def size(self) -> int:
        return len(self.data)

    def add(self, payload: bytes, *, final: bool) -> None:
        self.data += payload
        if self._utf8 is not None:
            try:
                self._utf8.decode(payload, final)
            except UnicodeDecodeError:
                raise _Broken(INVALID_DATA, "not UTF-8") from None


def _check_text(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        raise _Broken(INVALID_DATA, "not UTF-8") from None


def _closed(payload: bytes) -> Closed:
    if not payload:
        return Closed(NO_STATUS, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not is_close_code(code):
        raise _Broken(PROTOCOL_ERROR, "no such close code")
    reason = payload[2:]
    _check_text(reason)
    return Closed(code, reason.decode())
