"""No request makes the server hold more of a body than it takes."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from channels.errors import InvalidRequest, PayloadTooLarge

MAX_BODY = 64 * 1024
STREAMED = ("/api/customers/import",)
"""Paths that read their body piece by piece and bound it themselves."""


def refuse_large(scope: Scope) -> None:
    """Raises PayloadTooLarge for a body that is announced to be too large."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY and scope["path"] not in STREAMED:
            raise _too_large()


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises PayloadTooLarge as soon as it is, and InvalidRequest where it ends too early."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest.of("body", "ended before it was complete")  # nobody is there to be told
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(body)


def bounded(receive: Receive) -> Receive:
    """The same for a body that the framework reads."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY:
            raise HTTPException(413)  # the kind that the framework lets through while it reads a body
        return message

    return counted


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge("the body is larger than 64 KiB")
