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


def admitted_to_stream(request: Request) -> Services:
    """The same, but raises NotReady where clients should go elsewhere."""
    services = admitted(request)
    if services.draining:
        raise NotReady(["draining: the server is about to stop"])
    return services


async def body_of(request: Request) -> bytes:
    """At most what `server.edge.body_limit` allows."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await request.body()
    except (ClientDisconnect, TimeoutError):
        raise InvalidRequest.of("body", "ended before it was complete") from None


def connect_parameter(request: Request) -> bytes:
    """What a browser's EventSource, which sends no body, has to say. Raises InvalidRequest."""
    connect = request.query_params.get(CONNECT_PARAMETER)
    if not connect:
        raise InvalidRequest.of(CONNECT_PARAMETER, "is required")
    return connect.encode()
