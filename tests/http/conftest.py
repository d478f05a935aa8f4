"""A desk for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

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
