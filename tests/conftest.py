"""Fixtures for everybody: a real database and a real Redis for each test, and real server processes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ground.folder import reachable_folder
from tests.ground.redis import describe
from tests.ground.server import SECRET_KEY, RunningServer, Servers
from tests.ground.services import TestServices


@pytest.fixture(scope="session")
def services() -> Iterator[TestServices]:
    """PostgreSQL and Redis of the whole session. Started by the first test that needs them."""
    with reachable_folder("tests") as folder:
        services = TestServices(folder)
        services.start()
        yield services
        services.stop()


@pytest.fixture
def database_url(services: TestServices) -> Iterator[str]:
    """A database of the test's own, with the schema of all migrations."""
    with services.database() as url:
        yield url


@pytest.fixture
def empty_database_url(services: TestServices) -> Iterator[str]:
    """A database of the test's own with nothing in it."""
    with services.database(empty=True) as url:
        yield url


@pytest.fixture
def redis_url(services: TestServices) -> str:
    """An empty logical database of Redis. Pub/sub ignores it: use `redis_prefix` for channels."""
    return services.redis()


@pytest.fixture
def redis_prefix() -> str:
    """A prefix for this test's keys and channels."""
    return f"test-{secrets.token_hex(6)}:"


@pytest.fixture
def servers(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Servers]:
    """Starts any number of servers on the test's database: `await servers.start(CASEWIRE_VISIBILITY="assigned")`."""
    servers = Servers(
        tmp_path,
        {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "CASEWIRE_SECRET_KEY": SECRET_KEY},
    )
    yield servers
    servers.end_all()


@pytest.fixture
def running_server(servers: Servers) -> RunningServer:
    """One server, ready."""
    return servers.start_blocking()


def pytest_report_header() -> str:
    """So that nobody takes an old Redis for a new one."""
    return describe()
