"""axe finds nothing serious on any page: light and dark, at 1440 and at 390 pixels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from channels.agent import Role
from channels.command import AddComment, Base, UpdateCustomer
from tests.browser.office import assigned_customers, hire, opened, sign_in
from tests.ground.server import PROJECT
from tests.realtime.conftest import Node

AXE = PROJECT / "web/node_modules/axe-core/axe.min.js"
RUN = """
async () => (await axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  resultTypes: ["violations"],
})).violations
"""
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SMALLEST = 24
"""Pixels that a target has in both directions (WCAG 2.2, 2.5.8); those within text may be smaller."""

TOO_SMALL = """
(all, least) => all.filter(one => {
  const { width, height } = one.getBoundingClientRect();
  const inText = getComputedStyle(one).display === "inline" || ["checkbox", "radio"].includes(one.type);
  return one.tabIndex >= 0 && Math.min(width, height) < least && !inText;
}).map(one => one.outerHTML.slice(0, 120))
"""


@pytest_asyncio.fixture(loop_scope="session")
async def root_page(browser: Browser, node: Node) -> Any:
    """The page of an admin, who can see everything."""
    await hire(node, "root", role=Role.ADMIN)
    root = await node.agent("root")
    for customer_id in await assigned_customers(node, root, 6):
        await node.write("lee", AddComment(customer_id, "See https://example.com, @root"))
    async with opened(browser, reduced_motion="reduce", viewport=WIDE) as page:
        await page.goto(node.url)
        await examine(page, "login")
        await sign_in(page, "root")
        yield page


async def examine(page: Page, name: str) -> None:
    """In both themes, wide and narrow."""
    if not await page.evaluate("typeof axe !== 'undefined'"):
        await page.evaluate(AXE.read_text())
    for theme, size in (("light", WIDE), ("dark", WIDE), ("dark", NARROW), ("light", NARROW)):
        await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # reason: one of the two
        await page.set_viewport_size(size)  # type: ignore[arg-type]  # reason: a dict is what it wants
        found = [
            f"{name}, {theme}, {size['width']}: {one['id']} at {[node['target'] for node in one['nodes']]}"
            for one in await page.evaluate(RUN)
            if one["impact"] in ("serious", "critical")
        ]
        assert found == []
    small = await page.locator("button:visible, a:visible, input:visible").evaluate_all(TOO_SMALL, SMALLEST)
    assert small == [], name
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # reason: as above


async def shown(page: Page, path: str, ready: str) -> None:
    await page.evaluate(
        "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path
    )
    await expect(page.locator(ready).first).to_be_visible()


Open = Callable[[Page], Awaitable[None]]


async def test_axe_finds_nothing_serious_on_any_page(root_page: Page, node: Node) -> None:
    page = root_page
    row = "[data-testid=customer-row]"
    await shown(page, "/", row)
    await examine(page, "list")
    await page.locator(f"{row} a").first.click()
    await expect(page.get_by_test_id("feed-item").last).to_be_visible()
    await examine(page, "customer")
    await page.keyboard.press("?")
    await expect(page.get_by_test_id("keys")).to_be_visible()
    await examine(page, "keys")
    await page.keyboard.press("Escape")
    for path, ready in (
        ("/inbox", "[data-testid=notice]"),
        ("/team", "[data-testid=load]"),
        ("/agents", "[data-testid=agent]"),
        ("/system", "[data-testid=system] .chart"),
    ):
        await shown(page, path, ready)
        await examine(page, path)
    await page.get_by_role("button", name="Show as table").click()
    await examine(page, "system as a table")
    await shown(page, "/team", "[data-testid=load]")
    await page.get_by_test_id("hand-over").first.click()
    await examine(page, "handing over")
    await page.keyboard.press("Escape")
    await shown(page, "/agents", "[data-testid=agent]")
    await page.get_by_test_id("add-agent").click()
    await expect(page.get_by_test_id("agent-dialog")).to_be_visible()
    await examine(page, "adding an agent")


async def test_axe_finds_nothing_serious_in_a_conflict(root_page: Page, node: Node) -> None:
    page = root_page
    [customer_id] = await assigned_customers(node, await node.agent("root"), 1, first=6)
    await shown(page, f"/customers/{customer_id}", "[data-testid=feed-item]")
    name = page.get_by_test_id("details").get_by_label("Name", exact=True)
    await name.fill("Mine")
    await node.write("lee", UpdateCustomer(customer_id, {"name": "Theirs"}, Base(version=1)))
    await expect(page.get_by_test_id("overtaken")).to_be_visible()
    await examine(page, "overtaken")
    await page.get_by_test_id("save-details").click()
    await expect(page.get_by_test_id("conflict-dialog")).to_be_visible()
    await examine(page, "conflict")
