"""Protobuf: messages preceded by their length, in binary frames. Payloads are our JSON as UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from channels.push import Push, PushKind
from server.realtime.codecs.codec import COMMANDS_IN_FRAME, METHODS, Malformed, Request
from server.realtime.codecs.schema import COMMAND, REPLY
from server.realtime.codecs.wire_format import Invalid, read_varint, varint
from server.realtime.codes import Disconnect, ErrorCode, Unsubscribe


class ProtobufCodec:
    """Messages of the protocol's schema, each after its length."""

    name = "protobuf"
    text = False
    ping = b"\x00"

    def decode(self, data: bytes | str) -> list[Request]:
        if isinstance(data, str):
            raise Malformed("text where bytes are spoken")
        if not data:
            raise Malformed("an empty frame")
        try:
            return [_request(message) for message in _split(data)]
        except Invalid as error:
            raise Malformed(str(error)) from error

    def reply(self, request_id: int, method: str, result: dict[str, Any]) -> bytes:
        return _message({"id": request_id, method: result})

    def error(self, request_id: int, error: ErrorCode) -> bytes:
        body = {"code": error.code, "message": error.message, "temporary": error.temporary}
        return _message({"id": request_id, "error": body})

    def push(self, push: Push) -> bytes:
        return _message({"push": {"channel": push.channel, **_content(push)}})

    def unsubscribe(self, channel: str, end: Unsubscribe) -> bytes:
        return _message({"push": {"channel": channel, "unsubscribe": {"code": end.code, "reason": end.reason}}})

    def disconnect(self, end: Disconnect) -> bytes:
        return _message({"push": {"disconnect": {"code": end.code, "reason": end.reason}}})

    def join(self, messages: Sequence[bytes]) -> bytes:
        return b"".join(messages)


def _message(reply: dict[str, Any]) -> bytes:
    content = REPLY.encode(reply)
    return varint(len(content)) + content


def _content(push: Push) -> dict[str, Any]:
    match push.kind:
        case PushKind.PUBLICATION | PushKind.SIGNAL:
            return {"pub": {"data": orjson.Fragment(push.data), "offset": push.offset}}
        case PushKind.JOIN:
            return {"join": {"info": orjson.loads(push.data)}}
        case PushKind.LEAVE:
            return {"leave": {"info": orjson.loads(push.data)}}


def _split(frame: bytes) -> list[bytes]:
    messages = []
    position = 0
    while position < len(frame):
        length, start = read_varint(frame, position)
        position = start + length
        if position > len(frame):
            raise Invalid("cut off")
        messages.append(frame[start:position])
        if len(messages) > COMMANDS_IN_FRAME:
            raise Malformed("more commands than anybody sends")
    return messages


def _request(message: bytes) -> Request:
    command = COMMAND.decode(message)
    method = next((name for name in METHODS if name in command), None)
    return Request(command.get("id", 0), method, {} if method is None else command[method])


PROTOBUF = ProtobufCodec()
