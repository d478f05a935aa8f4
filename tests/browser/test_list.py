"""The list of assigned work: long, filtered, live, and changed many at a time."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Browser, Page, expect

from channels.agent import Agent
from channels.command import AddComment, Base, CreateCustomer, UpdateCustomer
from tests.browser.office import assigned_customers, hire, row, shoot, signed_in
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node, running_node

MANY = 1_200


async def many_customers(node: Node, to: Agent, count: int) -> list[int]:
    """The first ones of the list first: names decide the order."""
    intents = [CreateCustomer({"name": f"Client {number:04}", "assigned_to": to.id}) for number in range(count)]
    recorded = await asyncio.gather(*(node.write("dana", intent) for intent in intents))
    return [one.customer.id for one in recorded]


async def top_of(page: Page, customer_id: int) -> float:
    box = await row(page, customer_id).bounding_box()
    assert box is not None
    return box["y"]


async def test_1200_customers_scroll_like_20(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    ids = await many_customers(node, dana, MANY)
    async with signed_in(browser, node, "dana", "/?sort=-name") as page:
        rows = page.get_by_test_id("customer-row")
        await row(page, ids[-1]).get_by_role("link").focus()
        await page.keyboard.press("Control+a")
        await expect(page.get_by_test_id("bulk-status")).to_have_text("100 selected")
        await page.get_by_role("button", name="Select all that match").click()
        await expect(page.get_by_test_id("bulk-status")).to_have_text("1,200 selected")
        await page.get_by_role("button", name="Sort by").click()
        await page.get_by_role("option", name="Name, A to Z").click()
        await expect(page.get_by_test_id("bulk-bar")).to_have_count(0)  # another list, nothing picked in it
        await expect(page.get_by_test_id("list-count")).to_have_text("1,200")
        await expect(row(page, ids[0])).to_be_visible()
        # by keyboard to the very end, which takes eleven more pages
        await row(page, ids[0]).get_by_role("link").focus()
        await page.keyboard.press("End")
        await expect(row(page, ids[-1]).get_by_role("link")).to_be_focused()
        await expect(row(page, ids[-1])).to_have_attribute("aria-posinset", "1200")
        await expect(row(page, ids[-1])).to_have_attribute("aria-setsize", "1200")
        assert await rows.count() < 60
        # the scroll bar gets everywhere as well
        scroller = page.get_by_test_id("customer-list")
        await scroller.evaluate("box => box.scrollTop = box.scrollHeight / 2")
        await expect(row(page, ids[600])).to_be_visible()
        assert await rows.count() < 60

        # what comes in above moves nothing that one looks at
        before = await top_of(page, ids[600])
        await node.customer(name="Aardvark", assigned_to=dana.id)
        await expect(page.get_by_test_id("list-count")).to_have_text("1,201")
        assert abs(await top_of(page, ids[600]) - before) < 1
        await node.write("lee", UpdateCustomer(ids[3], {"assigned_to": None}, Base(version=1)))
        await expect(page.get_by_test_id("list-count")).to_have_text("1,200")
        assert abs(await top_of(page, ids[600]) - before) < 1
        # and the keyboard goes on from the row that it was on
        await expect(row(page, ids[-1]).get_by_role("link")).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(row(page, ids[-2]).get_by_role("link")).to_be_focused()


async def test_rows_enter_move_and_leave_live_without_losing_the_focus(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    ids = await assigned_customers(node, dana, 6)
    async with signed_in(browser, node, "dana") as page:
        await row(page, ids[0]).get_by_role("link").focus()  # the last of the list
        await node.write("lee", UpdateCustomer(ids[0], {"priority": "urgent"}, Base(version=1)))
        await expect(row(page, ids[0])).to_have_attribute("aria-posinset", "1")
        await expect(row(page, ids[0]).get_by_role("link")).to_be_focused()
        await expect(row(page, ids[0]).locator(".badge")).to_have_text("1")
        await node.write("lee", AddComment(ids[2], "They called again."))
        await expect(row(page, ids[2]).locator(".badge")).to_have_text("1")
        new = await node.customer(name="Newcomer", assigned_to=dana.id)
        await expect(row(page, new.id)).to_have_attribute("aria-posinset", "1")
        # the focused one leaves: its neighbour takes the focus
        lee = await node.agent("lee")
        await node.write("lee", UpdateCustomer(ids[0], {"assigned_to": lee.id}, Base(version=2)))
        await expect(row(page, ids[0])).to_have_count(0)
        await expect(row(page, ids[5]).get_by_role("link")).to_be_focused()


async def test_filters_search_and_order_are_in_the_address_and_can_be_named(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    ids = await assigned_customers(node, dana, 12)
    await node.write("dana", UpdateCustomer(ids[0], {"priority": "urgent"}, Base(version=1)))
    async with signed_in(browser, node, "dana") as page:
        rows = page.get_by_test_id("customer-row")
        await expect(rows).to_have_count(12)
        await page.get_by_test_id("filter-status").click()
        await page.get_by_role("option", name="Open").click()
        await page.get_by_role("option", name="Waiting").click()
        await page.keyboard.press("Escape")
        await expect(page).to_have_url(f"{node.url}/?status=open,waiting")
        await expect(rows).to_have_count(6)
        await page.get_by_test_id("filter-priority").click()
        await page.get_by_role("option", name="Urgent").click()
        await page.keyboard.press("Escape")
        await expect(rows).to_have_count(1)
        await page.get_by_role("button", name="Clear", exact=True).click()
        await expect(rows).to_have_count(12)

        await page.keyboard.press("/")
        await page.keyboard.type("hool")
        await expect(rows).to_have_count(1)
        await expect(rows.locator("mark")).to_have_text("Hool")
        await page.get_by_role("button", name="Sort by").click()
        await page.get_by_role("option", name="Name, Z to A").click()
        await expect(page).to_have_url(f"{node.url}/?q=hool&sort=-name")
        await page.get_by_test_id("save-view").click()
        await page.get_by_label("Name of the view").fill("Hooli things")
        await page.get_by_role("button", name="Save", exact=True).click()
        await page.get_by_role("link", name="Unassigned").click()
        await expect(rows).to_have_count(0)
        await page.reload()
        await page.get_by_test_id("saved-views").get_by_role("link", name="Hooli things").click()
        await expect(page).to_have_url(f"{node.url}/?q=hool&sort=-name")
        await expect(rows).to_have_count(1)
        await page.go_back()
        await expect(rows).to_have_count(0)

        await page.goto(f"{node.url}/?unread=true")
        await expect(rows).to_have_count(0)  # all made by dana herself, but
        await node.write("lee", AddComment(ids[4], "Please look."))
        await expect(row(page, ids[4])).to_be_visible()


async def test_many_are_assigned_and_found_by_assignee_and_what_one_does_oneself_is_read(
    browser: Browser, node: Node
) -> None:
    dana = await node.agent("dana")
    ids = await assigned_customers(node, dana, 5)
    async with signed_in(browser, node, "dana") as page:
        rows, status = page.get_by_test_id("customer-row"), page.get_by_test_id("bulk-status")
        await row(page, ids[4]).get_by_role("link").focus()
        await page.keyboard.press("Control+a")
        await choose(page, "bulk-priority", "Urgent")
        await expect(status).to_have_text("5 changed")
        await expect(rows.get_by_role("img", name="Urgent")).to_have_count(5)
        await page.get_by_role("button", name="Clear selection").click()
        # a comment, and on to the next customer before it can have been looked at
        await row(page, ids[0]).click()
        await page.get_by_test_id("comment-box").fill("Done.")
        await page.keyboard.press("Control+Enter")
        await row(page, ids[1]).click()
        await expect(page.get_by_test_id("feed-item").last).to_be_visible()
        await expect(rows.locator(".badge")).to_have_count(0)
        await page.goto(f"{node.url}/?unread=true")
        await expect(page.get_by_text("No customers")).to_be_visible()

        await page.goto(node.url)
        await row(page, ids[3]).get_by_role("checkbox").click()
        await row(page, ids[2]).get_by_role("checkbox").click()
        await choose(page, "bulk-assign", "Lee")
        await expect(rows).to_have_count(3)
        await choose(page, "filter-assignee", "Lee")
        lee = await node.agent("lee")
        await expect(page).to_have_url(f"{node.url}/?assigned_to={lee.id}")
        await expect(rows).to_have_count(2)
        await expect(rows.locator(".badge")).to_have_count(0)
        await row(page, ids[2]).get_by_role("checkbox").click()
        await page.get_by_test_id("bulk-archive").click()
        await expect(rows).to_have_count(1)
        await page.get_by_role("link", name="Archived").click()
        await expect(row(page, ids[2])).to_be_visible()
        await expect(rows).to_have_count(1)
        await row(page, ids[2]).get_by_role("checkbox").click()
        await page.get_by_test_id("bulk-archive").click()  # which takes it out of the archive here
        await expect(rows).to_have_count(0)
        assert await has(node, ids[2], archived=False, assigned_to=lee.id, priority="urgent")


async def choose(page: Page, picker: str, name: str) -> None:
    await page.get_by_test_id(picker).click()
    await page.get_by_role("option", name=name).click()


async def test_many_are_changed_at_once_and_each_refusal_is_shown_at_its_row(
    browser: Browser, database_url: str, redis_url: str
) -> None:
    async with running_node(database_url, redis_url, visibility="assigned") as node:
        await hire(node, "dana", "lee")
        dana, lee = await node.agent("dana"), await node.agent("lee")
        ids = await assigned_customers(node, dana, 8)
        async with signed_in(browser, node, "dana") as page:
            await row(page, ids[7]).get_by_role("checkbox").click()
            await row(page, ids[4]).get_by_role("link").click(modifiers=["Shift"])
            await row(page, ids[1]).get_by_role("link").click(modifiers=["Control"])
            await expect(page.get_by_test_id("bulk-status")).to_have_text("5 selected")
            # lost to the page: the message that would take the row away
            await silently_reassigned(node, ids[5], lee)
            await shoot(page, "bulk")
            await page.get_by_test_id("bulk-set-status").click()
            await page.get_by_role("option", name="Resolved").click()
            await expect(page.get_by_test_id("bulk-status")).to_have_text("4 changed, 1 not")
            await expect(row(page, ids[5]).get_by_test_id("row-refusal")).to_be_visible()
            await expect(row(page, ids[5]).get_by_role("checkbox")).to_be_checked()
            for changed in (ids[7], ids[6], ids[4], ids[1]):
                await expect(row(page, changed).get_by_role("checkbox")).not_to_be_checked()
                await expect(row(page, changed).get_by_role("img", name="Resolved")).to_be_visible()
                await eventually(lambda changed=changed: has(node, changed, status="resolved"), what="the new status")
            await shoot(page, "bulk-refused")
            assert await has(node, ids[5], status="in_progress")
            # by keyboard: all of them, archived, and gone from the list
            await page.keyboard.press("Escape")
            await expect(page.get_by_test_id("bulk-bar")).to_have_count(0)
            await row(page, ids[7]).get_by_role("link").focus()
            await page.keyboard.press("Shift+ArrowDown")
            await page.keyboard.press("Shift+ArrowDown")
            await expect(page.get_by_test_id("bulk-status")).to_have_text("3 selected")
            await page.keyboard.press("x")
            await expect(page.get_by_test_id("bulk-status")).to_have_text("2 selected")
            await page.keyboard.press("Control+a")
            await expect(page.get_by_test_id("bulk-status")).to_have_text("8 selected")
            await page.get_by_test_id("bulk-archive").click()
            await expect(page.get_by_test_id("customer-row")).to_have_count(1)
            await expect(page.get_by_test_id("bulk-status")).to_have_text("7 changed, 1 not")


async def silently_reassigned(node: Node, customer_id: int, to: Agent) -> None:
    async with node.services.database.writing() as connection:
        await connection.execute("UPDATE customers SET assigned_to = $1 WHERE id = $2", to.id, customer_id)


async def has(node: Node, customer_id: int, **values: Any) -> bool:
    customer = await node.services.customers.get(customer_id)
    return customer is not None and all(getattr(customer, name) == value for name, value in values.items())
