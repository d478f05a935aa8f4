"""The application over real services, with agents at their desks: what the HTTP tests talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from fastapi import FastAPI

from channels.agent import Agent, Role
from server.app import create_app
from server.services import Services
from server.settings import Settings
from tests.ground.server import SECRET_KEY

PASSWORD = "a good password"


class Desk:
    """One running application, and clients of it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.services = cast(Services, app.state.services)
        self.agents: dict[str, Agent] = {}
        self._clients: list[httpx.AsyncClient] = []

    def client(
        self, agent: Agent | None = None, *, address: str = "127.0.0.1", headers: Mapping[str, str] | None = None
    ) -> httpx.AsyncClient:
        """A client at `address`, with a token of `agent` if there is one."""
        own = dict(headers or {})
        if agent is not None:
            own["Authorization"] = f"Bearer {self.services.tokens.issue(agent.id)}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 4000))
        client = httpx.AsyncClient(transport=transport, base_url="http://desk.test", headers=own)
        self._clients.append(client)
        return client

    def of(self, username: str) -> httpx.AsyncClient:
        return self.client(self.agents[username])

    async def hire(self, username: str, role: Role = Role.AGENT, password: str | None = None) -> Agent:
        """A new agent; hashing takes a while, so a password is made for those who ask."""
        password_hash = None if password is None else await self.services.passwords.hashed(password)
        agent = await self.services.agents.create(username, username.title(), role, password_hash)
        await self.services.directory.refresh()
        self.agents[username] = agent
        return agent

    async def customer(self, by: str = "ines", **values: Any) -> dict[str, Any]:
        answer = await self.of(by).post("/api/customers", json={"name": "Acme Ltd", **values})
        assert answer.status_code == 201, answer.text
        return cast(dict[str, Any], answer.json())

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def open_desk(database_url: str, redis_url: str, **settings: Any) -> AsyncIterator[Desk]:
    """An application with dana and lee (agents), ines (supervisor) and root (admin)."""
    given = {"rate_limit": None, "db_pool_min": 1, "db_pool_max": 10} | settings
    app = create_app(Settings(database_url=database_url, redis_url=redis_url, secret_key=SECRET_KEY, **given))
    async with app.router.lifespan_context(app):
        desk = Desk(app)
        for username, role in (
            ("dana", Role.AGENT),
            ("lee", Role.AGENT),
            ("ines", Role.SUPERVISOR),
            ("root", Role.ADMIN),
        ):
            await desk.hire(username, role)
        try:
            yield desk
        finally:
            await desk.close()


def problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    """Asserts that an answer is a problem document of this kind; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"/problems/{name}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return cast(dict[str, Any], document)


def rules(answer: httpx.Response) -> dict[str, str]:
    """The broken rules of a 400 by field."""
    return {error["field"]: error["rule"] for error in problem(answer, 400, "invalid-request")["errors"]}
