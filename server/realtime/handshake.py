"""The opening handshake of a WebSocket (RFC 6455 section 4.2): what is asked, and the answer's bytes. No I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
VERSION = b"13"

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a client asks for."""

    key: bytes
    subprotocols: Sequence[str] = ()
    extensions: Sequence[bytes] = ()


class BadHandshake(Exception):
    """`response` is the answer to it."""

    def __init__(self, status: int, reason: str, headers: Headers = ()) -> None:
        super().__init__(reason)
        self.response = refusal(status, headers, reason.encode())


def opening(method: str, headers: Headers) -> Opening:
    """Reads a request whose `Connection` and `Upgrade` are those of a WebSocket. Raises BadHandshake."""
    keys: list[bytes] = []
    versions: list[bytes] = []
    subprotocols: list[str] = []
    extensions: list[bytes] = []
    for name, value in headers:
        if name == b"sec-websocket-key":
            keys.append(value.strip())
        elif name == b"sec-websocket-version":
            versions.append(value.strip())
        elif name == b"sec-websocket-protocol":
            subprotocols += [part.strip() for part in value.decode("latin-1").split(",")]
        elif name == b"sec-websocket-extensions":
            extensions += [part.strip() for part in value.split(b",")]
    if method != "GET":
        raise BadHandshake(400, "a WebSocket is opened with GET")
    if versions != [VERSION]:
        raise BadHandshake(426, "only version 13 is spoken", [(b"sec-websocket-version", VERSION)])
    if len(keys) != 1 or not _is_key(keys[0]):
        raise BadHandshake(400, "Sec-WebSocket-Key must be 16 bytes in base64")
    return Opening(keys[0], subprotocols, extensions)


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def acceptance(opening: Opening, headers: Headers, subprotocol: str | None, extension: bytes | None) -> bytes:
    """The 101 response."""
    digest = hashlib.sha1(opening.key + GUID, usedforsecurity=False).digest()
    lines = [
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ",
        binascii.b2a_base64(digest, newline=False),
        b"\r\n",
    ]
    if subprotocol is not None:
        lines.append(b"sec-websocket-protocol: %b\r\n" % subprotocol.encode("latin-1"))
    if extension is not None:
        lines.append(b"sec-websocket-extensions: %b\r\n" % extension)
    lines += [b"%b: %b\r\n" % header for header in headers]
    lines.append(b"\r\n")
    return b"".join(lines)


def refusal(status: int, headers: Headers, body: bytes) -> bytes:
    """A response after which the connection ends."""
    given = list(headers)
    names = {name.lower() for name, _ in given}
    if b"content-type" not in names and body:
        given.append((b"content-type", b"text/plain; charset=utf-8"))
    if b"content-length" not in names:
        given.append((b"content-length", b"%d" % len(body)))
    head = b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())
    return head + b"".join(b"%b: %b\r\n" % header for header in given) + b"connection: close\r\n\r\n" + body
