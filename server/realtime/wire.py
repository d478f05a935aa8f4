"""The codec: bytes of the wire to commands, replies and pushes to bytes. JSON format of the protocol's v2.

Everything the session says goes through `Codec`, so another encoding is another class of this shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from channels.push import Push, PushKind
from server.realtime.codes import Disconnect, ErrorCode, Unsubscribe

METHODS = (
    "connect",
    "subscribe",
    "unsubscribe",
    "publish",
    "presence",
    "presence_stats",
    "history",
    "ping",
    "send",
    "rpc",
    "refresh",
    "sub_refresh",
)
"""In the order of the protocol's schema: of several in one command the first counts."""


class Malformed(Exception):
    """The bytes are not a frame of commands; the connection ends with 3501."""


@dataclass(frozen=True, slots=True)
class Request:
    """One command. A pong has neither id nor method."""

    id: int
    method: str | None
    params: dict[str, Any]

    @property
    def is_pong(self) -> bool:
        return self.id == 0 and self.method is None


class Codec(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def ping(self) -> bytes: ...

    def decode(self, data: bytes | str) -> list[Request]:
        """Raises Malformed."""
        ...

    def reply(self, request_id: int, method: str, result: dict[str, Any]) -> bytes: ...

    def error(self, request_id: int, error: ErrorCode) -> bytes: ...

    def push(self, push: Push) -> bytes: ...

    def unsubscribe(self, channel: str, end: Unsubscribe) -> bytes: ...

    def disconnect(self, end: Disconnect) -> bytes: ...

    def join(self, messages: Sequence[bytes]) -> bytes:
        """Several messages as one frame."""
        ...


class JsonCodec:
    """Objects separated by newlines, in text frames. Payloads travel as the JSON that they are."""

    name = "json"
    ping = b"{}"

    def decode(self, data: bytes | str) -> list[Request]:
        text = data.encode() if isinstance(data, str) else data
        lines = text.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        if not lines:
            raise Malformed("an empty frame")
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
        method = next((name for name in METHODS if name in command), None)
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
        channel = orjson.dumps(push.channel)
        if push.kind is PushKind.PUBLICATION:
            return b'{"push":{"channel":%b,"pub":{"offset":%d,"data":%b}}}' % (channel, push.offset, push.data)
        if push.kind is PushKind.SIGNAL:
            return b'{"push":{"channel":%b,"pub":{"data":%b}}}' % (channel, push.data)
        kind = b"join" if push.kind is PushKind.JOIN else b"leave"
        return b'{"push":{"channel":%b,"%b":{"info":%b}}}' % (channel, kind, push.data)

    def unsubscribe(self, channel: str, end: Unsubscribe) -> bytes:
        body = {"code": end.code, "reason": end.reason}
        return orjson.dumps({"push": {"channel": channel, "unsubscribe": body}})

    def disconnect(self, end: Disconnect) -> bytes:
        return orjson.dumps({"push": {"disconnect": {"code": end.code, "reason": end.reason}}})

    def join(self, messages: Sequence[bytes]) -> bytes:
        return b"\n".join(messages)


JSON = JsonCodec()
