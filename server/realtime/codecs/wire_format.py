"""The wire format of Protocol Buffers, for messages that are described by a table: dicts in, bytes out, and back.

Small because our dicts are what the session speaks anyway; proven equal to Google's implementation by tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_VARINT = 10
"""Bytes of the longest varint: 64 bits, seven in each."""


class Invalid(ValueError):
    """The bytes are no message of this kind."""


class Scalar(Enum):
    """JSON is `bytes` that hold a JSON value. Bytes that are none stay bytes, which no model takes for anything."""

    UINT32 = "uint32"
    UINT64 = "uint64"
    INT64 = "int64"
    BOOL = "bool"
    STRING = "string"
    BYTES = "bytes"
    JSON = "json"


class Many(Enum):
    """How often a field occurs. A map has strings as keys."""

    ONE = "one"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: its number, what is in it, and whether there may be several."""

    number: int
    kind: Scalar | Message
    many: Many = Many.ONE


class Message:
    """`Message(code=(1, UINT32), message=(2, STRING))`: the fields by name, each with its number and kind."""

    __slots__ = ("_by_number", "fields")

    def __init__(self, **fields: tuple[int, Scalar | Message] | tuple[int, Scalar | Message, Many]) -> None:
        self.fields = {name: Field(*given) for name, given in fields.items()}
        self._by_number = {field.number: (name, field) for name, field in self.fields.items()}

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """What is zero, false or empty is left out, but for messages: an empty one is there nevertheless."""
        parts: list[bytes] = []
        for name, value in values.items():
            field = self.fields[name]
            if field.many is Many.LIST:
                parts.extend(_encoded(field, item, keep=True) for item in value)
            elif field.many is Many.MAP:
                parts.extend(_delimited(field.number, _entry(field, key, item)) for key, item in value.items())
            else:
                parts.append(_encoded(field, value))
        return b"".join(parts)

    def decode(self, data: bytes) -> dict[str, Any]:
        """Fields that the table does not know are passed over. Raises Invalid."""
        found: dict[str, Any] = {}
        for number, wire_type, value in _read(data):
            name, field = self._by_number.get(number, ("", None))
            if field is None:
                continue
            if field.many is Many.MAP:
                key, item = _decode_entry(field, _expect(value, wire_type, BYTES))
                found.setdefault(name, {})[key] = item
            elif field.many is Many.LIST:
                found.setdefault(name, []).append(_decoded(field.kind, wire_type, value))
            else:
                found[name] = _decoded(field.kind, wire_type, value)
        return found


_SMALL = tuple(bytes((number,)) for number in range(0x80))


def varint(number: int) -> bytes:
    """Of a number that is not negative."""
    if number < 0x80:
        return _SMALL[number]
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The number, and the position after it. Raises Invalid."""
    number = 0
    for index, byte in enumerate(data[position : position + MAX_VARINT]):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return number & (1 << 64) - 1, position + index + 1
    raise Invalid("a number without an end")


# Writing


def _encoded(field: Field, value: Any, *, keep: bool = False) -> bytes:
    """One occurrence of a field; nothing for a value that is the default, unless it has to be kept."""
    kind = field.kind
    if isinstance(kind, Message):
        return _delimited(field.number, kind.encode(value))
    if kind is Scalar.JSON:
        return _delimited(field.number, orjson.dumps(value))
    if not value and not keep:
        return b""
    if kind in (Scalar.STRING, Scalar.BYTES):
        return _delimited(field.number, value.encode() if kind is Scalar.STRING else value)
    return varint(field.number << 3 | VARINT) + varint(int(value) & (1 << 64) - 1)


def _delimited(number: int, content: bytes) -> bytes:
    return b"%b%b%b" % (varint(number << 3 | BYTES), varint(len(content)), content)


def _entry(field: Field, key: str, value: Any) -> bytes:
    return _delimited(1, key.encode()) + _encoded(Field(2, field.kind), value, keep=True)


# Reading


def _read(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Number, wire type and value (a number, or bytes) of each field."""
    position, end = 0, len(data)
    while position < end:
        key, position = read_varint(data, position)
        number, wire_type = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise Invalid("no number of a field")
        value: int | bytes
        if wire_type == VARINT:
            value, position = read_varint(data, position)
        else:
            length, position = _length(data, position, wire_type)
            if position + length > end:
                raise Invalid("cut off")
            value = data[position : position + length]
            position += length
        yield number, wire_type, value


def _length(data: bytes, position: int, wire_type: int) -> tuple[int, int]:
    if wire_type == BYTES:
        return read_varint(data, position)
    if wire_type in (FIXED32, FIXED64):
        return (4 if wire_type == FIXED32 else 8), position
    raise Invalid("a wire type that nobody sends any more")


def _decoded(kind: Scalar | Message, wire_type: int, value: Any) -> Any:
    if isinstance(kind, Message):
        return kind.decode(_expect(value, wire_type, BYTES))
    expected, read = _READERS[kind]
    return read(_expect(value, wire_type, expected))


def _expect(value: Any, wire_type: int, expected: int) -> Any:
    if wire_type != expected:
        raise Invalid("a field of another kind")
    return value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Invalid("not UTF-8") from None


def _json(value: bytes) -> Any:
    if not value:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


_READERS: Mapping[Scalar, tuple[int, Callable[[Any], Any]]] = {
    Scalar.UINT32: (VARINT, lambda number: number & 0xFFFF_FFFF),
    Scalar.UINT64: (VARINT, int),
    Scalar.INT64: (VARINT, lambda number: number - (1 << 64) if number >> 63 else number),
    Scalar.BOOL: (VARINT, bool),
    Scalar.STRING: (BYTES, _text),
    Scalar.BYTES: (BYTES, bytes),
    Scalar.JSON: (BYTES, _json),
}


def _decode_entry(field: Field, data: bytes) -> tuple[str, Any]:
    entry = Message(key=(1, Scalar.STRING), value=(2, field.kind)).decode(data)
    empty = {} if isinstance(field.kind, Message) else ""
    return entry.get("key", ""), entry.get("value", empty)
