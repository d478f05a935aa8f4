"""One request and its answer: what is added to the answer, and what is noted of both."""

from __future__ import annotations

import random
import time

from starlette.responses import Response
from starlette.types import Message, Scope, Send

from server.edge.headers import Headers, lines, secured_lines, with_security
from server.http_protocol import write_whole
from server.logging import log_request
from server.services import Services

QUIET = ("/livez", "/readyz", "/metrics", "/assets/", "/emulation")
"""Paths that are asked all the time and logged only when they fail."""

WITHOUT_BODY = (204, 304)


class Exchange:
    """`send` is the one door out: each answer passes it once, whoever made it. `write` is the same for an answer that
    is there as a whole."""

    __slots__ = ("_https", "_send", "_started", "limits", "scope", "status")

    def __init__(self, scope: Scope, send: Send, *, https: bool) -> None:
        # no secret: it names a line of the log
        scope["request_id"] = f"{random.getrandbits(128):032x}"
        self.scope = scope
        self.status: int | None = None
        self.limits: Headers = ()
        self._send = send
        self._https = https
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = with_security(message["headers"], https=self._https)
            headers += self.limits
            headers.append((b"x-request-id", self.scope["request_id"].encode()))
            message["headers"] = headers
        await self._send(message)

    def write(self, response: Response) -> bool:
        """False where the answer has to be sent: it is no plain one, or the connection takes nothing else."""
        status, given = response.status_code, response.raw_headers
        if type(response) is not Response or response.background is not None:
            return False
        if status not in WITHOUT_BODY and not any(name == b"content-length" for name, _ in given):
            return False
        head = secured_lines(given, https=self._https)
        if head is None:
            return False
        own = (*self.limits, (b"x-request-id", self.scope["request_id"].encode()))
        if not write_whole(self._send, status, head + lines(own), response.body):
            return False
        self.status = status
        return True

    def note(self, services: Services) -> None:
        """One line and one count. Paths without their query strings, which may carry what is private."""
        seconds = time.perf_counter() - self._started
        scope, status = self.scope, self.status or 500
        state = scope["state"]
        route = getattr(scope.get("route"), "path", "none")
        services.metrics.answered(scope["method"], route, status, None if state.get("long_poll") else seconds)
        if status < 500 and scope["path"].startswith(QUIET):
            return
        caller = state.get("caller")
        log_request(
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
            client=str(scope["client_address"]),
            agent=None if caller is None else caller.agent.id,
            request_id=scope["request_id"],
        )
