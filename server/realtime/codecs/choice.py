"""Which codec a client asked for: by a WebSocket subprotocol, in the address, or by the type of what it sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from server.realtime.codecs.codec import Codec
from server.realtime.codecs.json import JSON
from server.realtime.codecs.protobuf import PROTOBUF

_SUBPROTOCOLS: Mapping[str, Codec] = {"centrifuge-json": JSON, "centrifuge-protobuf": PROTOBUF}

BINARY = "application/octet-stream"


def subprotocol_of(offered: Sequence[str]) -> str | None:
    """The first that we speak; a client may offer none."""
    return next((name for name in offered if name in _SUBPROTOCOLS), None)


def codec_of(subprotocol: str | None, query: Mapping[str, str]) -> Codec:
    """By the subprotocol that was agreed on, else by what the query asks for, else JSON."""
    if subprotocol is not None:
        return _SUBPROTOCOLS[subprotocol]
    asked = query.get("cf_protocol") or query.get("format")
    return PROTOBUF if asked == "protobuf" else JSON


def codec_of_body(content_type: str | None) -> Codec:
    """By the Content-Type of a request; JSON where it names no other."""
    return PROTOBUF if content_type is not None and content_type.startswith(BINARY) else JSON
