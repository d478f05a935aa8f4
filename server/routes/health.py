"""For platforms and monitoring: is the process alive, should it get requests, how is it doing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request, Response

from channels.errors import CasewireError, DatabaseUnavailable
from server.models.responses import StateOut
from server.routes.answers import json_response, open_router, problems
from server.routes.dependencies import ServicesDep
from server.services import Services

router = open_router("Operation")

PATIENCE = 2.0


class NotReady(CasewireError):
    name = "not-ready"
    retryable = True

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing

    def extra(self) -> Mapping[str, Any]:
        return {"missing": list(self.missing)}


@router.head("/livez", include_in_schema=False)
@router.get("/livez", response_model=StateOut, summary="Is the process alive?")
async def livez() -> Response:
    return json_response({"status": "alive"})


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", response_model=StateOut, summary="Should it get requests?", responses=problems("not-ready"))
async def readyz(services: ServicesDep) -> Response:
    """PostgreSQL and Redis can be reached, and the server is not about to stop."""
    missing = await _missing(services)
    if missing:
        raise NotReady(missing)
    return json_response({"status": "ready"})


@router.get("/metrics", response_class=Response, summary="Prometheus metrics")
async def metrics(request: Request, services: ServicesDep) -> Response:
    content, media_type = services.metrics.rendered(request.headers.get("accept", ""))
    return Response(content, media_type=media_type)


async def _missing(services: Services) -> list[str]:
    missing = []
    if services.draining:
        missing.append("draining: the server is about to stop")
    if not await _answers(services):
        missing.append("PostgreSQL cannot be reached")
    if not services.broker.connected:
        missing.append("Redis cannot be reached")
    return missing


async def _answers(services: Services) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await services.stream.epoch()
    except (DatabaseUnavailable, TimeoutError):
        return False
    return True
