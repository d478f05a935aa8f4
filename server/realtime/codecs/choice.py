"""Which codec a client asked for: by a WebSocket subprotocol, or in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from server.realtime.codecs.codec import Codec
from server.realtime.codecs.json import JSON
from server.realtime.codecs.protobuf import PROTOBUF

_SUBPROTOCOLS: Mapping[str, Codec] = {"centrifuge-json": JSON, "centrifuge-protobuf": PROTOBUF}


def subprotocol_of(offered: Sequence[str]) -> str | None:
    """The first that we speak; a client may offer none."""
    return next((name for name in offered if name in _SUBPROTOCOLS), None)


def codec_of(subprotocol: str | None, query: Mapping[str, str]) -> Codec:
    if subprotocol is not None:
        return _SUBPROTOCOLS[subprotocol]
    asked = query.get("cf_protocol") or query.get("format")
    return PROTOBUF if asked == "protobuf" else JSON
