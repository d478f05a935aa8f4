"""One real server for all tests of a module that only talk to it from outside, and an agent's token."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from channels.agent import Role
from persistence.agents import Agents
from persistence.database import Database, DatabaseOptions
from server.auth.tokens import Tokens
from tests.ground.server import SECRET_KEY, RunningServer, Servers
from tests.ground.services import TestServices


@pytest.fixture(scope="module")
def own_database(services: TestServices) -> Iterator[str]:
    with services.database() as database_url:
        yield database_url


@pytest.fixture(scope="module")
def listening(services: TestServices, own_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers on the module's database."""
    environment = {"DATABASE_URL": own_database, "REDIS_URL": services.redis(), "CASEWIRE_SECRET_KEY": SECRET_KEY}
    servers = Servers(tmp_path_factory.mktemp("wire"), environment)
    yield servers
    servers.end_all()


@pytest.fixture(scope="module")
def server(listening: Servers) -> RunningServer:
    """A `casewire serve`, as it is shipped."""
    return listening.start_blocking(CASEWIRE_RATE_LIMIT="off")


@pytest.fixture(scope="module")
def token(own_database: str) -> str:
    """Of an agent named dana."""

    async def make() -> int:
        async with Database.connect(DatabaseOptions(own_database, pool_min=1, pool_max=1)) as database:
            return (await Agents(database).create("dana", "Dana", Role.AGENT, None)).id

    return Tokens(SECRET_KEY).issue(asyncio.run(make()))
