"""JSON: objects separated by newlines, in text frames. Payloads travel as the JSON that they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from channels.push import Push, PushKind
from server.realtime.codecs.codec import COMMANDS_IN_FRAME, METHODS, Malformed, Request
from server.realtime.codes import Disconnect, ErrorCode, Unsubscribe

_ORDER = {method: place for place, method in enumerate(METHODS)}


class JsonCodec:
    """One message a line, commands and replies alike."""

    name = "json"
    text = True
    ping = b"{}"

    def decode(self, data: bytes | str) -> list[Request]:
        text = data.encode() if isinstance(data, str) else data
        lines = text.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        if not lines:
            raise Malformed("an empty frame")
        if len(lines) > COMMANDS_IN_FRAME:
            raise Malformed("more commands than anybody sends")
        return [self._request(line) for line in lines]

    def _request(self, line: bytes) -> Request:
        try:
            command = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise Malformed("not JSON") from error
        if not isinstance(command, dict):
            raise Malformed("not an object")
        request_id = command.get("id", 0)
        if not isinstance(request_id, int) or isinstance(request_id, bool) or not 0 <= request_id < 2**32:
            raise Malformed("the id is no number")
        method = None
        for name in command:
            if name in _ORDER and (method is None or _ORDER[name] < _ORDER[method]):
                method = name
        params = {} if method is None else command[method]
        if params is None:
            params = {}
        if not isinstance(params, dict):
            raise Malformed("the parameters are no object")
        return Request(request_id, method, params)

    def reply(self, request_id: int, method: str, result: dict[str, Any]) -> bytes:
        return orjson.dumps({"id": request_id, method: result})

    def error(self, request_id: int, error: ErrorCode) -> bytes:
        body: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.temporary:
            body["temporary"] = True
        return orjson.dumps({"id": request_id, "error": body})

    def push(self, push: Push) -> bytes:
        return b'{"push":%b}' % push_object(push)

    def unsubscribe(self, channel: str, end: Unsubscribe) -> bytes:
        body = {"code": end.code, "reason": end.reason}
        return orjson.dumps({"push": {"channel": channel, "unsubscribe": body}})

    def disconnect(self, end: Disconnect) -> bytes:
        return orjson.dumps({"push": {"disconnect": {"code": end.code, "reason": end.reason}}})

    def join(self, messages: Sequence[bytes]) -> bytes:
        return b"\n".join(messages)


def push_object(push: Push) -> bytes:
    """The inside of a push message, put together from the texts that it holds."""
    channel = orjson.dumps(push.channel)
    if push.kind is PushKind.PUBLICATION:
        return b'{"channel":%b,"pub":{"offset":%d,"data":%b}}' % (channel, push.offset, push.data)
    if push.kind is PushKind.SIGNAL:
        return b'{"channel":%b,"pub":{"data":%b}}' % (channel, push.data)
    kind = b"join" if push.kind is PushKind.JOIN else b"leave"
    return b'{"channel":%b,"%b":{"info":%b}}' % (channel, kind, push.data)


JSON = JsonCodec()
