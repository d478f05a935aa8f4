"""The application on one screen: settings in, an ASGI application with its faces out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from server import page, problems
from server.edge.edge import Edge
from server.lifespan import running_services
from server.realtime import endpoint, fallbacks, unidirectional
from server.routes import routers
from server.routes.calls import Calls
from server.settings import Settings
from server.version import VERSION


class Application(FastAPI):
    """FastAPI behind our own edge, which answers most requests without it."""

    edge: Callable[[ASGIApp], ASGIApp]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Past the framework's telemetry, which looks through the environment for its settings at each call."""
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await Starlette.__call__(self, scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """FastAPI's own, inside the edge."""
        return self.edge(super().build_middleware_stack())


def create_app(settings: Settings) -> Application:
    """The server over the PostgreSQL and the Redis that `settings` name."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_services(settings) as services:
            app.state.services = services
            yield

    app = Application(title="Casewire", version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.edge = lambda inside: endpoint.Sockets(Edge(inside, settings, Calls(routers)))
    problems.install(app)
    for router in routers:
        app.include_router(router)
    app.include_router(fallbacks.router)
    app.include_router(unidirectional.router)
    page.install(app)
    return app
