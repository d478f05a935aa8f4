"""The application on one screen: settings in, an ASGI application with its faces out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

from server import page, problems
from server.edge import middleware
from server.lifespan import running_services
from server.realtime import endpoint
from server.routes import routers
from server.settings import Settings
from server.version import VERSION


def create_app(settings: Settings) -> FastAPI:
    """The server over the PostgreSQL and the Redis that `settings` name."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_services(settings) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Casewire",
        version=VERSION,
        lifespan=lifespan,
        middleware=[Middleware(endpoint.Sockets), *middleware(settings)],
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    for router in routers:
        app.include_router(router)
    page.install(app)
    return app
