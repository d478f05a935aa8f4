"""A server with agents who can sign in, and one real, headless Chromium for all tests of the page.

They share an event loop, since the browser outlives each of them; every test has windows of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.office import ARGUMENTS, hire
from tests.ground.chromium import find_chromium
from tests.realtime.conftest import Node, running_node

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def node(database_url: str, redis_url: str) -> AsyncIterator[Node]:
    async with running_node(database_url, redis_url) as node:
        await hire(node, "dana", "lee")
        yield node


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        yield browser
        await browser.close()
