"""What every HTTP request passes on its way in and every answer on its way out."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from server.edge.access import Access
from server.edge.body_limit import BodyLimit
from server.edge.gate import Gate
from server.edge.headers import SecurityHeaders
from server.settings import Settings


def middleware(settings: Settings) -> list[Middleware]:
    """The layers, outermost first."""
    layers = [Middleware(Access, settings.trusted_proxies), Middleware(SecurityHeaders, settings.trusted_proxies)]
    if settings.allowed_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
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
        )
    return [*layers, Middleware(Gate), Middleware(BodyLimit)]
