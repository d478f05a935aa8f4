"""The HTTP routes. Each one parses, performs and renders; the rules are elsewhere."""

from __future__ import annotations

from fastapi import APIRouter

from server.routes import (
    actions,
    agents,
    auth,
    bulk,
    customers,
    docs,
    health,
    notices,
    oversight,
    problem_pages,
    realtime_docs,
)

routers: list[APIRouter] = [
    auth.router,
    auth.own,
    agents.router,
    bulk.router,
    customers.router,
    actions.router,
    notices.router,
    oversight.router,
    health.router,
    problem_pages.router,
    realtime_docs.router,
    docs.router,
]
