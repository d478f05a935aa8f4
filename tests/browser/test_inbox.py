"""Notices: live, counted in the title and the icon, leading to where it happened, read one by one or all."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from channels.agent import Agent
from channels.command import AddComment
from tests.browser.office import assigned_customers, signed_in
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node

SPY = """
window.rung = [];
const Real = window.Notification;
window.Notification = class extends Real {
  constructor(title, options) { super(title, options); window.rung.push(`${title} | ${options.body}`); }
};
"""


async def read_offset(node: Node, agent: Agent) -> int:
    return (await node.services.notices.page(agent.id, limit=1)).read_offset


async def icon(page: Page) -> str | None:
    return await page.locator("link[rel=icon]").get_attribute("href")


async def test_notices_arrive_live_lead_there_and_are_read(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    busy, quiet = await assigned_customers(node, dana, 2)
    for number in range(120):
        await node.write("lee", AddComment(busy, f"Note {number}"))
    asked = await node.write("lee", AddComment(busy, "Did you call them, @dana?"))
    for number in range(130):
        await node.write("lee", AddComment(busy, f"Later {number}"))
    async with signed_in(browser, node, "dana") as page:
        await expect(page).to_have_title("(1) Casewire")
        assert await icon(page) == "/assets/favicon-unread.svg"
        await node.write("lee", AddComment(quiet, "And here, @dana?"))
        await expect(page.get_by_test_id("inbox-count")).to_have_text("2")
        await expect(page.get_by_test_id("news")).to_have_text("Lee mentioned you. Globex 2: And here, @dana?")
        await page.get_by_role("link", name="Inbox").click()
        await expect(page.get_by_test_id("notice")).to_have_count(2)
        await page.get_by_test_id("notice").nth(1).locator("a").click()
        assert asked.action is not None
        there = page.locator(f'[data-testid=feed] [data-offset="{asked.action.offset}"]')
        await expect(there).to_contain_text("Did you call them, @dana?")  # 130 actions ago, so loaded for it
        await expect(there).to_be_in_viewport()
        await expect(page).to_have_url(f"{node.url}/inbox/{busy}#a{asked.action.offset}")
        await expect(page).to_have_title("(1) Acme Ltd 1 · Casewire")
        await eventually(lambda: is_read(node, dana, 1), what="the first notice is marked")
        await page.get_by_test_id("read-all").click()
        await expect(page).to_have_title("Acme Ltd 1 · Casewire")
        assert await icon(page) == "/assets/favicon.svg"
        await eventually(lambda: is_read(node, dana, 2), what="all of them are marked")
        await page.reload()
        await expect(page.get_by_test_id("inbox-count")).to_have_count(0)


async def is_read(node: Node, agent: Agent, offset: int) -> bool:
    return await read_offset(node, agent) == offset


async def test_the_desktop_is_told_after_a_click_and_not_of_what_is_in_view(browser: Browser, node: Node) -> None:
    first, second = await assigned_customers(node, await node.agent("dana"), 2)
    async with signed_in(browser, node, "dana", "/inbox", permissions=["notifications"]) as page:
        await page.add_init_script(SPY)
        await page.goto(f"{node.url}/inbox/{first}")
        await expect(page.get_by_test_id("feed-item").first).to_be_visible()
        bell = page.get_by_role("button", name="Notices on the desktop")
        await expect(bell).to_have_attribute("aria-pressed", "false")
        await node.write("lee", AddComment(second, "Not rung, @dana"))
        await expect(page.get_by_test_id("notice")).to_have_count(1)
        await bell.click()
        await expect(bell).to_have_attribute("aria-pressed", "true")
        await node.write("lee", AddComment(first, "You look at it, @dana"))
        await node.write("lee", AddComment(second, "Rung, @dana"))
        await expect(page.get_by_test_id("notice")).to_have_count(3)
        await eventually(lambda: page.evaluate("window.rung.length"), what="the desktop was told")
        assert await page.evaluate("window.rung") == ["Lee mentioned you | Globex 2: Rung, @dana"]
