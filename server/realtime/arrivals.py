"""What a request for realtime by HTTP passes before it is served."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from channels.errors import InvalidRequest, PermissionDenied
from server.client import is_same_origin
from server.routes.health import NotReady
from server.services import Services

CONNECT_PARAMETER = "cf_connect"
PATIENCE = 10.0
"""Seconds that a body may take."""


def admitted(request: Request) -> Services:
    """Raises PermissionDenied for the pages of strangers."""
    services: Services = request.app.state.services
    settings = services.settings
    if not is_same_origin(request.scope, settings.trusted_proxies, settings.allowed_origins):
        raise PermissionDenied("this origin is not allowed")
    return services


def admit_to_stream(request: Request) -> None:
    """The same, and raises NotReady where clients should go elsewhere."""
    if admitted(request).draining:
        raise NotReady(["draining: the server is about to stop"])


async def body_of(request: Request) -> bytes:
    """At most what `server.edge.body` allows. Raises InvalidRequest."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await request.body()
    except (ClientDisconnect, TimeoutError):
        raise InvalidRequest.of("body", "ended before it was complete") from None


async def connect_of(request: Request) -> bytes:
    """What the client says when it asks for events: the body, or the parameter of a browser's EventSource, which
    sends none. Raises InvalidRequest."""
    if request.method == "POST":
        return await body_of(request)
    connect = request.query_params.get(CONNECT_PARAMETER)
    if not connect:
        raise InvalidRequest.of(CONNECT_PARAMETER, "is required")
    return connect.encode()
