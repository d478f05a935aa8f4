"""HTTP streaming, server-sent events and emulation: realtime where WebSockets do not get through.

The way out is a stream, the way in are requests: same commands, same replies, same session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from channels.errors import InvalidRequest, NotFound
from server.realtime.arrivals import admit_to_stream, admitted, body_of, connect_of
from server.realtime.codecs.choice import BINARY, codec_of_body
from server.realtime.codecs.codec import Codec
from server.realtime.codecs.json import JSON
from server.realtime.codecs.protobuf import PROTOBUF
from server.realtime.codecs.schema import EMULATION_REQUEST
from server.realtime.codecs.wire_format import Invalid
from server.realtime.commands import handle
from server.realtime.door import Sink
from server.realtime.emulation import Fate
from server.realtime.packing import Packer
from server.realtime.session import Session
from server.realtime.streams import StreamKind, StreamResponse, bare, events, lines
from server.routes.health import NotReady
from server.services import Services

router = APIRouter(include_in_schema=False)

JSON_LINES = StreamKind(JSON, "application/json", lines)
PROTOBUF_MESSAGES = StreamKind(PROTOBUF, BINARY, bare)
JSON_EVENTS = StreamKind(JSON, "text/event-stream", events, b"\r\n")


@router.post("/connection/http_stream")
async def open_http_stream(request: Request) -> Response:
    """A stream of messages in the answer; the body is the first frame, its Content-Type chooses the codec."""
    admit_to_stream(request)
    is_json = codec_of_body(request.headers.get("content-type")) is JSON
    return StreamResponse(JSON_LINES if is_json else PROTOBUF_MESSAGES, await body_of(request), EmulatedSession)


@router.get("/connection/sse")
@router.post("/connection/sse")
async def open_sse(request: Request) -> Response:
    """The same as server-sent events, in JSON; the first frame comes as a query parameter or as the body."""
    admit_to_stream(request)
    return StreamResponse(JSON_EVENTS, await connect_of(request), EmulatedSession)


class EmulatedSession(Session):
    """Its commands come by requests, to the names that the connect reply tells."""

    def __init__(self, services: Services, codec: Codec, sink: Sink, packer: Packer) -> None:
        super().__init__(services, codec, sink, handle, packer)
        self._emulation = self.services.emulation
        self._name = self._emulation.open(self)

    @property
    def greeting(self) -> dict[str, Any]:
        """The names by which `POST /emulation` finds this session."""
        return {"session": self._name, "node": self._emulation.node}

    def closed(self) -> None:
        self._emulation.close(self._name)
        super().closed()


@dataclass(frozen=True, slots=True)
class Emulated:
    """Commands for a session, and where to bring them."""

    node: str
    session: str
    commands: bytes

    @classmethod
    def parse(cls, body: bytes, codec: Codec) -> Emulated:
        """Raises InvalidRequest."""
        try:
            found = EMULATION_REQUEST.decode(body) if codec is PROTOBUF else orjson.loads(body)
            node, session, data = found["node"], found["session"], found["data"]
            if isinstance(node, str) and isinstance(session, str):
                return cls(node, session, data if codec is PROTOBUF else data.encode())
        except (Invalid, ValueError, KeyError, TypeError, AttributeError):
            pass
        raise InvalidRequest.of("body", "must name node, session and data")


@router.post("/emulation")
async def emulate(request: Request) -> Response:
    """204 says that the commands reached their process, not what became of them: that the stream tells."""
    services = admitted(request)
    codec = codec_of_body(request.headers.get("content-type"))
    asked = Emulated.parse(await body_of(request), codec)
    match await services.emulation.hand_over(asked.node, asked.session, asked.commands):
        case Fate.HANDED_OVER:
            return Response(status_code=204)
        case Fate.GONE:
            raise NotFound("the process that held this stream is gone")
        case Fate.UNKNOWN:
            raise NotReady(["Redis cannot be reached"])


@router.options("/connection/http_stream")
@router.options("/connection/sse")
@router.options("/emulation")
async def preflight() -> Response:
    """Where other origins are allowed, the middleware answers their browsers before this."""
    return Response(status_code=204)
