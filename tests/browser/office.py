"""Agents at their browsers: signing in, the customers they work on, and what their consoles may say."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from channels.agent import Agent, Role
from channels.command import CreateCustomer
from server.auth.passwords import hash_password
from tests.realtime.conftest import Node

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PASSWORD = "casewire"
SHOTS = Path(os.environ["CASEWIRE_SCREENSHOTS"]) if "CASEWIRE_SCREENSHOTS" in os.environ else None
NAMES = ("Acme Ltd", "Globex", "Initech", "Umbrella", "Hooli", "Stark & Sons", "Wayne Freight", "Wonka Foods")
STATUSES = ("open", "in_progress", "waiting", "new")

expect.set_options(timeout=15_000)  # several browsers and a server share a small machine


async def hire(node: Node, *usernames: str, role: Role = Role.AGENT) -> None:
    """Agents who can sign in."""
    stored = hash_password(PASSWORD)
    for username in usernames:
        await node.services.agents.create(username, username.title(), role, stored)
    await node.services.announce_directory_change()


@asynccontextmanager
async def opened(browser: Browser, *, refusals: Sequence[str] = (), **context: Any) -> AsyncIterator[Page]:
    """A window, and the proof that nothing went wrong in its console.

    `refusals`: parts of messages that this test causes. The first look for a session (401) and refused
    writes that the page shows (409) are logged by every browser.
    """
    made: BrowserContext = await browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | context)
    page = await made.new_page()
    complaints = listen(page)
    yield page
    await made.close()
    allowed = ("401", "409", *refusals)
    unexpected = [text for text in complaints if not any(part in text for part in allowed)]
    assert not unexpected, unexpected


def listen(page: Page) -> list[str]:
    """Collects the errors of a page."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    return complaints


@asynccontextmanager
async def signed_in(
    browser: Browser, node: Node, username: str, path: str = "/", *, refusals: Sequence[str] = (), **context: Any
) -> AsyncIterator[Page]:
    """An agent's page, live."""
    async with opened(browser, refusals=refusals, **context) as page:
        await page.goto(node.url + path)
        await sign_in(page, username)
        yield page


async def sign_in(page: Page, username: str) -> None:
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await is_live(page)


async def is_live(page: Page) -> None:
    await expect(page.get_by_test_id("connection-state")).to_have_attribute("data-phase", "live")


def row(page: Page, customer_id: int) -> Locator:
    return page.locator(f'[data-testid=customer-row][data-customer-id="{customer_id}"]')


async def shoot(page: Page, name: str) -> None:
    if SHOTS is not None:
        await page.screenshot(path=SHOTS / f"{name}.png")


async def assigned_customers(node: Node, to: Agent, count: int, first: int = 0) -> list[int]:
    """The ids of customers, the last one changed last, so that it is the first of the list. `first` numbers them."""
    made = []
    for number in range(first, first + count):
        values = {
            "name": f"{NAMES[number % len(NAMES)]} {number + 1}",
            "ref": f"AC-{1000 + number}",
            "assigned_to": to.id,
            "status": STATUSES[number % len(STATUSES)],
            "fields.plan": "gold",
        }
        made.append((await node.write("dana", CreateCustomer(values))).customer.id)
    return made
