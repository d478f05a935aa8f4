"""A process that starts while the database is away."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from channels.errors import DatabaseUnavailable
from server import lifespan
from server.lifespan import running_services
from server.settings import Settings
from tests.ground.eventually import eventually
from tests.ground.proxy import Proxy, postgres_behind, postgres_through
from tests.ground.server import SECRET_KEY


def settings(database_url: str, redis_url: str) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, secret_key=SECRET_KEY)


async def serves(given: Settings) -> int:
    async with running_services(given) as services:
        return len(await services.agents.list())


async def test_it_starts_when_the_database_is_there(database_url: str, redis_url: str) -> None:
    async with Proxy(postgres_behind(database_url)) as proxy:
        proxy.refuse = True
        with capture_logs() as logs:
            starting = asyncio.create_task(serves(settings(postgres_through(database_url, proxy), redis_url)))
            await eventually(lambda: [line for line in logs if "database is away" in line["event"]], what="it waits")
            assert not starting.done()
            proxy.refuse = False
            assert await starting == 0


async def test_it_does_not_wait_for_ever(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifespan, "STARTING", 0.0)
    async with Proxy(postgres_behind(database_url)) as proxy:
        proxy.refuse = True
        with pytest.raises(DatabaseUnavailable, match="cannot connect"):
            await serves(settings(postgres_through(database_url, proxy), redis_url))
