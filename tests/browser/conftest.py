"""A server with agents who can sign in, and a real, headless Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.office import ARGUMENTS, hire
from tests.ground.chromium import find_chromium
from tests.realtime.conftest import Node, running_node


@pytest.fixture
async def node(database_url: str, redis_url: str) -> AsyncIterator[Node]:
    async with running_node(database_url, redis_url) as node:
        await hire(node, "dana", "lee")
        yield node


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        yield browser
        await browser.close()
