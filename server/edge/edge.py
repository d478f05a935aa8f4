"""The edge: the way of an HTTP request, from its first byte to its route, and of the answer back."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from channels.errors import CasewireError, TooManyRequests
from server.client import client_address, is_https
from server.edge.body import bounded, refuse_large
from server.edge.exchange import Exchange
from server.edge.gate import PREFIX, admit
from server.problems import problem_response, unexpected_response
from server.routes.calls import Call, Calls
from server.services import Services
from server.settings import Settings


class Edge:
    """Names a request, finds its client, admits it, and hands it to its route: directly where `calls` knows it,
    otherwise through the framework, whose own layers are all inside, in `app`."""

    def __init__(self, app: ASGIApp, settings: Settings, calls: Calls) -> None:
        self._app = app
        self._calls = calls
        self._trusted = settings.trusted_proxies
        self._inside: ASGIApp = _allowing(self._answer, settings) if settings.allowed_origins else self._answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope["client_address"] = client_address(scope, self._trusted)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        exchange = scope["exchange"] = Exchange(scope, send, https=is_https(scope, self._trusted))
        try:
            await self._inside(scope, receive, exchange.send)
        finally:
            exchange.note(_services(scope))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["path"].startswith(PREFIX):
                await _pass_gate(scope)
            refuse_large(scope)
        except CasewireError as refusal:
            await _send(problem_response(refusal), scope, receive, send)
            return
        call = self._calls.find(scope)
        if call is None:
            await self._app(scope, bounded(receive), send)
        else:
            await _serve(call, scope, receive, send)


async def _pass_gate(scope: Scope) -> None:
    services = _services(scope)
    quota = await admit(scope, services)
    if quota is not None:
        exchange: Exchange = scope["exchange"]
        exchange.limits = quota.headers()
        if quota.exceeded:
            services.metrics.limited.labels(quota.name).inc()
            raise TooManyRequests(quota.reset)


async def _serve(call: Call, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        response = await call(scope, receive)
    except CasewireError as refusal:
        response = problem_response(refusal)
    except Exception as error:  # reason: whatever it is, the client is answered, and the server logs the traceback
        await unexpected_response(scope, error)(scope, receive, send)
        raise
    await _send(response, scope, receive, send)


async def _send(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """At once, where nothing between here and the connection wants to see it."""
    exchange: Exchange = scope["exchange"]
    if send != exchange.send or not exchange.write(response):
        await response(scope, receive, send)


def _services(scope: Scope) -> Services:
    services: Services = scope["app"].state.services
    return services


def _allowing(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Lets the pages of other origins call, those that the settings name."""
    return CORSMiddleware(
        app,
        allow_origins=settings.allowed_origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"],
        expose_headers=[
            "ETag",
            "Idempotency-Replayed",
            "Location",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Request-ID",
        ],
    )
