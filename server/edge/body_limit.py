"""No request makes the server hold more of a body than it takes."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.errors import PayloadTooLarge
from server.problems import problem_response

MAX_BODY = 64 * 1024
STREAMED = ("/api/customers/import",)
"""Paths that read their body piece by piece and bound it themselves."""


class BodyLimit:
    def __init__(self, app: ASGIApp, limit: int = MAX_BODY) -> None:
        self.app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in STREAMED:
            await self.app(scope, receive, send)
            return
        if self._announced(scope) > self._limit:
            refusal = problem_response(PayloadTooLarge("the body is larger than 64 KiB"))
            await refusal(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(413)  # the kind that the framework lets through while it reads a body
            return message

        await self.app(scope, counted, send)

    @staticmethod
    def _announced(scope: Scope) -> int:
        text = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        return int(text) if text.isdigit() else 0
