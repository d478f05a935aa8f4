"""A customer worked on from signing in to signing out without a mouse, and keys that are quiet while one types."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from channels.agent import Agent
from channels.command import AddComment
from tests.browser.office import assigned_customers, is_live, opened, signed_in
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node


async def is_done(node: Node, customer_id: int, lee: Agent) -> bool:
    customer = await node.services.customers.get(customer_id)
    log = await node.services.actions.page(customer_id, after=None, before=None, kinds=None, limit=10)
    written = any(item["body"] == "jk?gi/ are letters here" for item in log.items)
    return written and customer is not None and (customer.status, customer.assigned_to) == ("resolved", lee.id)


async def choose(page: Page, typed: str, option: str) -> None:
    """Picks from the list that has opened by typing how the option begins."""
    await expect(page.locator("[role=listbox]:focus-within")).to_be_visible()
    await page.keyboard.type(typed)
    await expect(page.locator("[role=option]:focus")).to_have_text(option)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("listbox")).to_have_count(0)


async def test_a_day_without_a_mouse(browser: Browser, node: Node) -> None:
    dana, lee = await node.agent("dana"), await node.agent("lee")
    older, newer = await assigned_customers(node, dana, 2)
    await node.write("lee", AddComment(older, "Yours, @dana"))
    async with opened(browser, reduced_motion="reduce") as page:
        await page.goto(node.url)
        await expect(page.get_by_label("Username")).to_be_focused()
        await page.keyboard.type("dana")
        await page.keyboard.press("Tab")
        await page.keyboard.type("casewire")
        await page.keyboard.press("Enter")
        await is_live(page)
        await expect(page.get_by_test_id("customer-row")).to_have_count(2)

        await page.keyboard.press("j")
        await expect(page).to_have_url(f"{node.url}/customers/{newer}")
        await expect(page.get_by_test_id("feed-item").first).to_be_visible()
        await page.keyboard.press("c")
        await expect(page.get_by_test_id("comment-box")).to_be_focused()
        await page.keyboard.type("jk?gi/ are letters here")
        await expect(page).to_have_url(f"{node.url}/customers/{newer}")
        await expect(page.get_by_test_id("keys")).to_have_count(0)
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_test_id("feed")).to_contain_text("are letters here")
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("comment-box")).not_to_be_focused()

        await page.keyboard.press("s")
        await choose(page, "Res", "Resolved")
        await expect(page.get_by_test_id("status-select")).to_be_focused()
        await page.keyboard.press("a")
        await choose(page, "Lee", "Lee")
        await eventually(lambda: is_done(node, newer, lee), what="comment, status and assignee are written")

        await page.keyboard.press("?")
        await expect(page.get_by_test_id("keys")).to_contain_text("Write a comment")
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("keys")).to_have_count(0)
        await page.keyboard.press("g")
        await page.keyboard.press("i")
        await expect(page).to_have_url(f"{node.url}/inbox")
        await page.keyboard.press("j")
        await expect(page.locator("[data-pointed]")).to_contain_text("Yours, @dana")
        await page.keyboard.press("Escape")
        await expect(page).to_have_url(f"{node.url}/inbox")
        await page.keyboard.press("g")
        await page.keyboard.press("m")
        await expect(page).to_have_url(f"{node.url}/")
        await page.keyboard.press("/")
        await expect(page.get_by_role("searchbox")).to_be_focused()


async def test_the_chosen_appearance_is_kept(browser: Browser, node: Node) -> None:
    async with signed_in(browser, node, "dana", color_scheme="light") as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        light = await page.evaluate(ground)
        await page.get_by_role("button", name="account").click()
        await page.get_by_role("menuitemradio", name="Dark").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        dark = await page.evaluate(ground)
        assert dark != light
        await page.reload()
        assert await page.evaluate(ground) == dark
        await page.get_by_role("button", name="account").click()
        await page.get_by_role("menuitemradio", name="As the system").click()
        assert await page.evaluate(ground) == light
        await page.emulate_media(color_scheme="dark")
        assert await page.evaluate(ground) == dark


async def test_times_are_those_of_the_reader(browser: Browser, node: Node) -> None:
    [customer_id] = await assigned_customers(node, await node.agent("dana"), 1)
    comment = await node.write("lee", AddComment(customer_id, "When?"))
    assert comment.action is not None
    for locale, zone in (("de-DE", "Asia/Tokyo"), ("en-US", "America/New_York")):
        async with signed_in(
            browser, node, "dana", f"/customers/{customer_id}", locale=locale, timezone_id=zone
        ) as page:
            title = await page.get_by_test_id("feed-item").last.locator("time").get_attribute("title")
            expected = await page.evaluate(
                "([at, locale, zone]) => new Date(at)"
                ".toLocaleString(locale, { dateStyle: 'full', timeStyle: 'medium', timeZone: zone })",
                [comment.action.created_at.isoformat(), locale, zone],
            )
            assert title == expected
