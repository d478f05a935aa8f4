"""One line and one count per request. Paths without their query strings, which may carry what is private."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.client import client_address
from server.settings import Network

log = structlog.get_logger("casewire.access")

QUIET = ("/livez", "/readyz", "/metrics", "/assets/")


class Access:
    """Names each request (`X-Request-ID`) and its client (`scope["client_address"]`), counts and logs it."""

    def __init__(self, app: ASGIApp, trusted_proxies: Sequence[Network]) -> None:
        self.app = app
        self._trusted = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope["client_address"] = client_address(scope, self._trusted)
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = uuid4().hex
        name = scope["request_id"].encode()
        status = 500
        started = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", name)]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        state = scope.get("state", {})
        route = getattr(scope.get("route"), "path", "none")
        metrics = scope["app"].state.services.metrics
        metrics.requests.labels(scope["method"], route, status).inc()
        if not state.get("long_poll"):
            metrics.request_seconds.labels(scope["method"], route).observe(seconds)
        if scope["path"].startswith(QUIET) and status < 500:
            return
        caller = state.get("caller")
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
            client=str(scope["client_address"]),
            agent=None if caller is None else caller.agent.id,
            request_id=scope["request_id"],
        )
