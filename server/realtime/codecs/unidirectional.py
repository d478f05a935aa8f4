"""The one-way dialect of JSON: a bare connect request in, then bare pushes out, for clients without an SDK."""

from __future__ import annotations

from typing import Any

import orjson

from channels.push import Push
from server.realtime.codecs.codec import Malformed, Request
from server.realtime.codecs.json import JsonCodec, push_object
from server.realtime.codes import Disconnect, ErrorCode, Unsubscribe, disconnect_for


class UnidirectionalCodec(JsonCodec):
    """For listeners: the one command is a connect, and messages come without ids."""

    name = "unidirectional"

    def decode(self, data: bytes | str) -> list[Request]:
        try:
            params = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise Malformed("not JSON") from error
        if not isinstance(params, dict):
            raise Malformed("not an object")
        return [Request(1, "connect", params)]

    def reply(self, _request_id: int, method: str, result: dict[str, Any]) -> bytes:
        return orjson.dumps({method: result})

    def error(self, _request_id: int, error: ErrorCode) -> bytes:
        return self.disconnect(disconnect_for(error))

    def push(self, push: Push) -> bytes:
        return push_object(push)

    def unsubscribe(self, channel: str, end: Unsubscribe) -> bytes:
        return orjson.dumps({"channel": channel, "unsubscribe": {"code": end.code, "reason": end.reason}})

    def disconnect(self, end: Disconnect) -> bytes:
        return orjson.dumps({"disconnect": {"code": end.code, "reason": end.reason}})


UNIDIRECTIONAL = UnidirectionalCodec()
