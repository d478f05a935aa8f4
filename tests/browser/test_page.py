"""The agents' page in a real, headless Chromium: two agents, a comment seen live, a conflict resolved."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from channels.agent import Agent, Role
from channels.command import AddComment, Base, UpdateCustomer
from server.auth.passwords import hash_password
from tests.ground.chromium import find_chromium
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node, running_node

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "casewire"
expect.set_options(timeout=15_000)  # two agents' browsers and a server share a small machine
SHOTS = Path(os.environ["CASEWIRE_SCREENSHOTS"]) if "CASEWIRE_SCREENSHOTS" in os.environ else None


@pytest.fixture
async def node(database_url: str, redis_url: str) -> AsyncIterator[Node]:
    async with running_node(database_url, redis_url) as node:
        stored = hash_password(PASSWORD)
        for username, name in (("dana", "Dana"), ("lee", "Lee")):
            await node.services.agents.create(username, name, Role.AGENT, stored)
        await node.services.announce_directory_change()
        yield node


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        await browser.close()


@asynccontextmanager
async def signed_in(browser: Browser, node: Node, username: str) -> AsyncIterator[Page]:
    """A page of an agent's own, and the proof that nothing went wrong in its console."""
    context: BrowserContext = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    await page.goto(node.url)
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("customer-list")).to_be_visible()
    yield page
    await context.close()
    allowed = ("401", "409")  # the first look for a session, and refusals that the page shows
    assert [text for text in complaints if not any(code in text for code in allowed)] == []


async def shoot(page: Page, name: str) -> None:
    if SHOTS is not None:
        await page.screenshot(path=SHOTS / f"{name}.png")


async def assigned_customers(node: Node, to: Agent, count: int) -> list[int]:
    names = ("Acme Ltd", "Globex", "Initech", "Umbrella", "Hooli", "Stark & Sons", "Wayne Freight", "Wonka Foods")
    made = []
    for number in range(count):
        customer = await node.customer(
            name=f"{names[number % len(names)]} {number + 1}",
            ref=f"AC-{1000 + number}",
            assigned_to=to.id,
            status=("open", "in_progress", "waiting", "new")[number % 4],
            **{"fields.plan": "gold"},
        )
        made.append(customer.id)
    return made


async def test_a_comment_is_seen_live_by_the_other_agent(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    ids = await assigned_customers(node, dana, 25)
    await node.write("lee", AddComment(ids[-1], "The invoice was sent twice, <img src=x onerror=alert(1)> they say."))
    async with signed_in(browser, node, "dana") as at_dana, signed_in(browser, node, "lee") as at_lee:
        await expect(at_dana.get_by_test_id("connection-state")).to_have_attribute("data-phase", "live")
        await shoot(at_dana, "assigned-work")
        await at_dana.locator(f'[data-testid=customer-row][data-customer-id="{ids[-1]}"]').click()
        await expect(at_dana.get_by_test_id("feed")).to_contain_text("<img src=x onerror=alert(1)>")
        await at_lee.goto(f"{node.url}/customers/{ids[-1]}")
        await expect(at_lee.get_by_test_id("viewers")).to_be_visible()
        box = at_lee.get_by_test_id("comment-box")
        await box.fill("I am calling them now, @dana")
        await expect(at_dana.get_by_test_id("typing")).to_contain_text("Lee")
        await at_lee.get_by_test_id("send-comment").click()
        await expect(at_dana.get_by_test_id("feed")).to_contain_text("I am calling them now")
        await expect(at_lee.get_by_test_id("pending-comment")).to_have_count(0)
        await eventually(lambda: has_read(node, dana, ids[-1], 3), what="the page marks it as read")
        await at_dana.get_by_test_id("comment-box").fill("Good. I wait for your word.")
        await shoot(at_dana, "customer-live")
        await at_dana.get_by_test_id("send-comment").click()
        await expect(at_lee.get_by_test_id("feed")).to_contain_text("I wait for your word")


async def has_read(node: Node, agent: Agent, customer_id: int, offset: int) -> bool:
    async with node.services.database.reading() as connection:
        mark = 'SELECT "offset" FROM read_marks WHERE agent_id = $1 AND customer_id = $2'
        return bool((await connection.fetchval(mark, agent.id, customer_id) or 0) >= offset)


async def test_an_overtaken_editor_is_told_while_typing_and_chooses(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    async with signed_in(browser, node, "dana") as page:
        await page.goto(f"{node.url}/customers/{customer_id}")
        await expect(page.get_by_test_id("connection-state")).to_have_attribute("data-phase", "live")
        name = page.get_by_test_id("details").get_by_label("Name", exact=True)
        await name.fill("Acme Limited")
        await expect(page.get_by_test_id("save-bar")).to_be_visible()
        await node.write("lee", UpdateCustomer(customer_id, {"name": "Acme Holding"}, Base(version=1)))
        await expect(page.get_by_test_id("overtaken")).to_be_visible()
        await expect(page.get_by_test_id("conflict-field")).to_contain_text("Acme Holding")
        await shoot(page, "conflict")
        await page.get_by_test_id("keep-mine").click()
        await page.get_by_test_id("save-details").click()
        await expect(page.get_by_test_id("save-bar")).to_have_count(0)
        await eventually(lambda: is_saved(node, customer_id, "Acme Limited", 3), what="the choice is saved")


async def is_saved(node: Node, customer_id: int, name: str, version: int) -> bool:
    customer = await node.services.customers.get(customer_id)
    return customer is not None and (customer.name, customer.version) == (name, version)
