"""A desk for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.ground.services import TestServices
from tests.http.desk import Desk, open_desk


@pytest.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """Everybody sees every customer; no rate limit."""
    async with open_desk(database_url, redis_url) as desk:
        yield desk


@pytest.fixture
async def strict_desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """Agents see their own customers and unassigned ones."""
    async with open_desk(database_url, redis_url, visibility="assigned") as desk:
        yield desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_desk(services: TestServices) -> AsyncIterator[Desk]:
    """One desk for all tests of a module that marks itself with the module's event loop."""
    with services.database() as database_url:
        async with open_desk(database_url, services.redis()) as desk:
            yield desk
