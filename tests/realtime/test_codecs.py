"""The codecs; Protobuf against Google's: the schema of the official SDKs, what we write as they read it, and back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from centrifuge.protocol import client_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import given
from hypothesis import strategies as st

from channels.push import Push, PushKind
from server.realtime import codes
from server.realtime.codecs import schema
from server.realtime.codecs.codec import COMMANDS_IN_FRAME, METHODS, Malformed, Request
from server.realtime.codecs.json import JSON
from server.realtime.codecs.protobuf import PROTOBUF
from server.realtime.codecs.unidirectional import UNIDIRECTIONAL
from server.realtime.codecs.wire_format import Field, Many, Message, Scalar, read_varint, varint

TYPES = {
    Scalar.UINT32: {FieldDescriptor.TYPE_UINT32},
    Scalar.UINT64: {FieldDescriptor.TYPE_UINT64},
    Scalar.INT64: {FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_INT32},  # the same bytes
    Scalar.BOOL: {FieldDescriptor.TYPE_BOOL},
    Scalar.STRING: {FieldDescriptor.TYPE_STRING},
    Scalar.BYTES: {FieldDescriptor.TYPE_BYTES},
    Scalar.JSON: {FieldDescriptor.TYPE_BYTES},
}
SCALARS: dict[Scalar, st.SearchStrategy[Any]] = {
    Scalar.UINT32: st.integers(0, 2**32 - 1),
    Scalar.UINT64: st.integers(0, 2**64 - 1),
    Scalar.INT64: st.integers(-(2**31), 2**31 - 1),
    Scalar.BOOL: st.booleans(),
    Scalar.STRING: st.text(max_size=10),
    Scalar.BYTES: st.binary(max_size=10),
    Scalar.JSON: st.none() | st.integers(-9, 9) | st.dictionaries(st.text(max_size=3), st.booleans(), max_size=2),
}
JSON_TEXTS = st.recursive(
    st.sampled_from(["1", "-1", "null", '"x"', "{}", "{", "\n", "\x00"]),
    lambda inner: (
        st.builds('{{"{}":{},"id":{}}}'.format, st.sampled_from([*METHODS, "id", "x"]), inner, inner)
        | st.lists(inner, max_size=3).map("\n".join)
    ),
    max_leaves=6,
)
"""More or less what commands look like."""
NEWER = {"type"}
"""Fields that the Python SDK's schema does not have yet."""


def values(message: Message) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the fields of a message, with anything that fits them."""

    def of(field: Field) -> st.SearchStrategy[Any]:
        one = values(field.kind) if isinstance(field.kind, Message) else SCALARS[field.kind]
        if field.many is Many.LIST:
            return st.lists(one, max_size=3)
        return st.dictionaries(st.text(max_size=5), one, max_size=3) if field.many is Many.MAP else one

    names = [name for name in message.fields if name not in NEWER]
    some = st.lists(st.sampled_from(names), max_size=3, unique=True) if names else st.just([])
    return some.flatmap(lambda chosen: st.fixed_dictionaries({name: of(message.fields[name]) for name in chosen}))


def fill(theirs: Any, message: Message, found: dict[str, Any]) -> Any:
    """Google's message with the same values."""
    for name, value in found.items():
        field = message.fields[name]
        place = getattr(theirs, name)
        if field.many is Many.LIST:
            for item in value:
                fill(place.add(), field.kind, item)
        elif field.many is Many.MAP and isinstance(field.kind, Message):
            for key, item in value.items():
                fill(place[key], field.kind, item)
        elif field.many is Many.MAP:
            place.update(value)
        elif isinstance(field.kind, Message):
            place.SetInParent()
            fill(place, field.kind, value)
        else:
            setattr(theirs, name, orjson.dumps(value) if field.kind is Scalar.JSON else value)
    return theirs


def differences(message: Message, theirs: Descriptor, path: str) -> list[str]:
    found = []
    for name, field in message.fields.items():
        place = f"{path}.{name}"
        if name in NEWER and name not in theirs.fields_by_name:
            continue
        peer = theirs.fields_by_name[name]
        if peer.number != field.number:
            found.append(f"{place}: number {field.number}, theirs {peer.number}")
        is_map = peer.message_type is not None and peer.message_type.GetOptions().map_entry
        many = Many.MAP if is_map else Many.LIST if peer.is_repeated else Many.ONE
        if many is not field.many:
            found.append(f"{place}: {field.many}, theirs {many}")
        value = peer.message_type.fields_by_name["value"] if is_map else peer
        if isinstance(field.kind, Message):
            found += differences(field.kind, value.message_type, place)
        elif value.type not in TYPES[field.kind]:
            found.append(f"{place}: {field.kind}, theirs {value.type}")
    return found


@pytest.mark.parametrize("name", ["Command", "Reply", "EmulationRequest"])
def test_the_schema_is_that_of_the_official_sdks(name: str) -> None:
    ours = {"Command": schema.COMMAND, "Reply": schema.REPLY, "EmulationRequest": schema.EMULATION_REQUEST}[name]
    assert differences(ours, client_pb2.DESCRIPTOR.message_types_by_name[name], name) == []


def test_every_method_has_its_place_in_the_schema() -> None:
    assert [name for name in schema.COMMAND.fields if name != "id"] == list(METHODS)


@given(values(schema.REPLY))
def test_what_we_write_is_read_by_google_as_it_was_meant(reply: dict[str, Any]) -> None:
    written = client_pb2.Reply.FromString(schema.REPLY.encode(reply))
    assert written == fill(client_pb2.Reply(), schema.REPLY, reply)


@given(values(schema.COMMAND))
def test_what_google_writes_is_read_by_us_as_it_was_meant(command: dict[str, Any]) -> None:
    theirs = fill(client_pb2.Command(), schema.COMMAND, command)
    read = schema.COMMAND.decode(theirs.SerializeToString())
    assert client_pb2.Command.FromString(schema.COMMAND.encode(read)) == theirs


@given(st.integers(0, 2**64 - 1), st.binary(max_size=4))
def test_a_number_is_read_as_it_was_written(number: int, before: bytes) -> None:
    written = varint(number)
    assert read_varint(before + written, len(before)) == (number, len(before) + len(written))


@given(st.binary(max_size=60) | JSON_TEXTS.map(str.encode))
def test_any_bytes_are_commands_or_malformed_and_nothing_else(frame: bytes) -> None:
    for codec in (PROTOBUF, JSON, UNIDIRECTIONAL):
        with suppress(Malformed):
            for request in codec.decode(frame):
                assert isinstance(request.params, dict)
                assert request.method is None or request.method in METHODS


@given(st.data(), values(schema.COMMAND))
def test_a_frame_that_was_cut_off_is_malformed(data: st.DataObject, command: dict[str, Any]) -> None:
    message = schema.COMMAND.encode({**command, "id": 1})
    frame = varint(len(message)) + message
    with pytest.raises(Malformed):
        PROTOBUF.decode(frame[: data.draw(st.integers(0, len(frame) - 1))])


@pytest.mark.parametrize(
    ("what", "frame"),
    [
        ("text", "{}"),
        ("nothing", b""),
        ("a group", b"\x02\x0b\x0c"),
        ("field number zero", b"\x02\x00\x00"),
        ("text where a number belongs", b"\x03\x0a\x01a"),
        ("a number where a message belongs", b"\x02\x20\x01"),
        ("a name that is not UTF-8", b"\x05\x32\x03\x0a\x01\xff"),
        ("a number without an end", b"\xff" * 11),
    ],
)
def test_what_no_client_sends_is_malformed(what: str, frame: bytes | str) -> None:
    with pytest.raises(Malformed):
        PROTOBUF.decode(frame)


def test_a_frame_holds_a_bounded_number_of_commands() -> None:
    for codec, pong in ((PROTOBUF, b"\x00"), (JSON, b"{}\n")):
        assert len(codec.decode(pong * COMMANDS_IN_FRAME)) == COMMANDS_IN_FRAME
        with pytest.raises(Malformed):
            codec.decode(pong * (COMMANDS_IN_FRAME + 1))


def test_several_commands_share_a_frame_and_a_pong_is_an_empty_one() -> None:
    connect = fill(client_pb2.Command(), schema.COMMAND, {"id": 1, "connect": {"token": "T"}}).SerializeToString()
    assert PROTOBUF.decode(b"%c%b\x00" % (len(connect), connect)) == [
        Request(1, "connect", {"token": "T"}),
        Request(0, None, {}),
    ]


def test_fields_that_we_do_not_know_are_passed_over() -> None:
    unknown = varint(99 << 3 | 2) + b"\x02hi" + varint(98 << 3 | 5) + b"1234" + varint(97 << 3 | 1) + b"12345678"
    subscribe = unknown + b"\x0a\x0acustomer:7" + unknown
    command = b"\x08\x03" + unknown + b"\x2a%c" % len(subscribe) + subscribe
    assert PROTOBUF.decode(varint(len(command)) + command) == [Request(3, "subscribe", {"channel": "customer:7"})]


def test_a_payload_that_is_no_json_stays_bytes() -> None:
    theirs = client_pb2.Command(id=3)
    theirs.rpc.method, theirs.rpc.data = "comment.add", b"\x00\x01"
    frame = theirs.SerializeToString()
    assert PROTOBUF.decode(varint(len(frame)) + frame)[0].params == {"method": "comment.add", "data": b"\x00\x01"}


INFO = orjson.dumps({"user": "5", "client": "c", "conn_info": {"name": "Dana"}})
PUSHES = [
    Push(PushKind.PUBLICATION, "customer:7", b'{"type":"action"}', 42),
    Push(PushKind.SIGNAL, "customer:7", b'{"type":"typing"}'),
    Push(PushKind.JOIN, "customer:7", INFO),
    Push(PushKind.LEAVE, "customer:7", INFO),
]


def meant(message: bytes) -> Any:
    """What a message of the JSON codec says, as Google's message."""
    return fill(client_pb2.Reply(), schema.REPLY, orjson.loads(message))


def said(message: bytes) -> Any:
    length, start = read_varint(message, 0)
    assert start + length == len(message)
    return client_pb2.Reply.FromString(message[start:])


def test_both_codecs_say_the_same() -> None:
    for push in PUSHES:
        assert said(PROTOBUF.push(push)) == meant(JSON.push(push))
    for error in (codes.INTERNAL, codes.PERMISSION_DENIED):
        assert said(PROTOBUF.error(7, error)) == meant(JSON.error(7, error))
    assert said(PROTOBUF.disconnect(codes.SHUTDOWN)) == meant(JSON.disconnect(codes.SHUTDOWN))
    end = codes.PERMISSION_REVOKED
    assert said(PROTOBUF.unsubscribe("customer:7", end)) == meant(JSON.unsubscribe("customer:7", end))
    result = {"publications": [{"offset": 4, "data": orjson.Fragment(b'{"a":1}')}], "epoch": "e", "offset": 9}
    assert said(PROTOBUF.reply(7, "history", result)) == meant(JSON.reply(7, "history", result))
    assert said(PROTOBUF.reply(7, "unsubscribe", {})) == meant(JSON.reply(7, "unsubscribe", {}))
    assert said(PROTOBUF.reply(7, "unsubscribe", {})).HasField("unsubscribe")
    assert PROTOBUF.ping == b"\x00"
