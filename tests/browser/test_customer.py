"""One customer: who is here, what was said and done, and going through a long history."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Locator, Page, Route, expect

from channels.agent import Agent
from channels.command import AddComment, Base, UpdateCustomer
from tests.browser.office import assigned_customers, hire, row, shoot, signed_in
from tests.ground.eventually import eventually
from tests.realtime.client import connected
from tests.realtime.conftest import Node, running_node

HOSTILE = "<img src=x onerror=alert(1)> javascript:alert(1) https://example.com/a?b=1&c=2 <b>kim@example.com</b>"


async def test_a_comment_is_seen_live_by_the_other_agent(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    ids = await assigned_customers(node, dana, 25)
    path = f"/customers/{ids[-1]}"
    async with signed_in(browser, node, "dana") as at_dana, signed_in(browser, node, "lee", path) as at_lee:
        asked: list[str] = []
        at_dana.on("request", lambda request: asked.append(request.url.removeprefix(f"{node.url}/api")))
        await at_dana.locator(f'[data-testid=customer-row][data-customer-id="{ids[-1]}"]').click()
        await expect(item(at_dana, 1)).to_be_visible()
        # what is shown came by the socket: an agent may open many customers within the rate limit
        assert [path for path in asked if "/customers/" in path and not path.endswith("/presence")] == []
        await expect(at_lee.get_by_test_id("viewers")).to_have_attribute("aria-label", "Also viewing: Dana")
        box = at_lee.get_by_test_id("comment-box")
        # a mention by keyboard: the first one found is taken with Tab
        await box.press_sequentially("I am calling them now, @da")
        await expect(at_lee.get_by_role("option", name="Dana")).to_have_attribute("aria-selected", "true")
        await box.press("Tab")
        await expect(box).to_have_value("I am calling them now, @dana ")
        await expect(at_dana.get_by_test_id("typing")).to_contain_text("Lee is typing")
        await box.press("Control+Enter")
        await expect(at_dana.get_by_test_id("feed").locator(".mention")).to_have_text("@dana")
        await expect(at_dana.get_by_test_id("typing")).to_be_empty()
        await expect(at_lee.get_by_test_id("pending-comment")).to_have_count(0)
        await eventually(lambda: has_read(node, dana, ids[-1], 2), what="the page marks it as read")
        await at_dana.get_by_test_id("comment-box").fill("Good. I wait for your word.")
        await at_dana.get_by_test_id("send-comment").click()
        await expect(at_lee.get_by_test_id("feed")).to_contain_text("I wait for your word")
        # who edits what is marked at the field, and what was done is said in words
        await at_dana.get_by_test_id("details").get_by_label("Phone", exact=True).focus()
        mark = at_lee.get_by_test_id("details").locator('[data-field="phone"]').get_by_test_id("field-editor")
        await expect(mark).to_have_attribute("aria-label", "Dana is editing")
        await shoot(at_lee, "customer-live")
        await at_dana.get_by_test_id("status-select").click()
        await expect(mark).to_have_count(0)
        await at_dana.get_by_role("option", name="Resolved").click()
        await expect(at_lee.get_by_test_id("feed")).to_contain_text("Dana set status to resolved")
        await expect(at_lee.get_by_test_id("status-select")).to_contain_text("Resolved")


async def has_read(node: Node, agent: Agent, customer_id: int, offset: int) -> bool:
    async with node.services.database.reading() as connection:
        mark = 'SELECT "offset" FROM read_marks WHERE agent_id = $1 AND customer_id = $2'
        return bool((await connection.fetchval(mark, agent.id, customer_id) or 0) >= offset)


async def test_who_comes_while_the_page_asks_who_is_here_is_seen(browser: Browser, node: Node) -> None:
    """The answer that is on its way does not know of them; what was heard meanwhile does."""
    [customer_id] = await assigned_customers(node, await node.agent("lee"), 1)
    held, go_on = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        response = await route.fetch()
        held.set()
        await go_on.wait()
        await route.fulfill(response=response)

    async with signed_in(browser, node, "lee") as page:
        await page.route("**/presence", hold)
        await row(page, customer_id).click()
        await held.wait()
        async with connected(node.socket_url, await node.token("dana")) as dana:
            await dana.watch(customer_id)
            await dana.call("comment.add", customer_id=customer_id, body="I am here")
            await expect(page.get_by_test_id("feed")).to_contain_text("I am here")  # so her join has arrived as well
            go_on.set()
            await expect(page.get_by_test_id("viewers")).to_have_attribute("aria-label", "Also viewing: Dana")


async def test_what_others_wrote_stays_text_and_only_safe_addresses_are_links(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    await node.write("lee", AddComment(customer_id, HOSTILE))
    await node.write("lee", UpdateCustomer(customer_id, {"name": "<img src=x onerror=alert(2)>"}, Base(version=1)))
    dialogs: list[str] = []
    async with signed_in(browser, node, "dana", f"/customers/{customer_id}") as page:
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        feed = page.get_by_test_id("feed")
        await expect(feed).to_contain_text(HOSTILE)
        await expect(page.get_by_role("heading", name="<img src=x onerror=alert(2)>")).to_be_visible()
        assert await page.locator("img[src=x]").count() == 0
        links = [
            (await link.get_attribute("href"), await link.get_attribute("rel"))
            for link in await feed.locator("a").all()
        ]
        safe = "noopener noreferrer nofollow"
        assert links == [("https://example.com/a?b=1&c=2", safe), ("mailto:kim@example.com", safe)]
    assert dialogs == []


async def test_older_history_loads_upwards_and_keeps_the_place(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    for number in range(2, 161):
        answers = 2 if number == 160 else None
        await node.write("lee", AddComment(customer_id, f"Number {number} of many", answers))
    async with signed_in(browser, node, "dana", f"/customers/{customer_id}") as page:
        feed = page.get_by_test_id("feed")
        items = page.get_by_test_id("feed-item")
        await expect(item(page, 160)).to_be_in_viewport()
        await expect(items).to_have_count(50)
        await item(page, 112).scroll_into_view_if_needed()
        before = await place_of(page, 112)
        await expect(item(page, 20)).to_be_attached()  # came in above
        assert abs(await place_of(page, 112) - before) < 2
        # what arrives below does not move it either
        await node.write("lee", AddComment(customer_id, "And another"))
        await expect(feed).to_contain_text("And another")
        assert abs(await place_of(page, 112) - before) < 2
        await expect(page.get_by_role("button", name="Jump to the newest")).to_contain_text("1 new")
        await page.get_by_role("button", name="Jump to the newest").click()
        await expect(item(page, 161)).to_be_in_viewport()
        # a quote leads to what it quotes, however far that is
        await item(page, 160).locator(".comment-answered").click()
        await expect(item(page, 2)).to_be_in_viewport()
        await expect(page.get_by_text("The beginning")).to_be_attached()


def item(page: Page, offset: int) -> Locator:
    return page.locator(f'[data-testid=feed-item][data-offset="{offset}"]')


async def place_of(page: Page, offset: int) -> float:
    box = await item(page, offset).bounding_box()
    assert box is not None
    return float(box["y"])


async def test_what_is_new_is_below_a_line_and_comments_are_changed_and_deleted(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id, other] = await assigned_customers(node, dana, 2)
    await node.write("dana", AddComment(customer_id, "Mine, with a tpyo"))
    await node.write("lee", AddComment(customer_id, "Not yours to change"))
    async with signed_in(browser, node, "dana") as page:
        await page.locator(f'[data-customer-id="{customer_id}"] a').click()
        line, new = page.get_by_test_id("unread-line"), item(page, 3)
        await expect(line).to_be_visible()
        line_box = await line.bounding_box()
        assert line_box is not None
        assert await place_of(page, 2) < line_box["y"] < await place_of(page, 3)
        await new.hover()
        await expect(new.get_by_role("button", name="Edit")).to_have_count(0)
        await item(page, 2).hover()
        await item(page, 2).get_by_role("button", name="Edit").click()
        editor = item(page, 2).get_by_role("textbox", name="Edit")
        await editor.fill("Mine, without a typo")
        await page.goto(f"{node.url}/customers/{other}")
        await page.goto(f"{node.url}/customers/{customer_id}")  # the draft of a change is kept as well
        await expect(editor).to_have_value("Mine, without a typo")
        await editor.press("Control+Enter")
        await expect(item(page, 2)).to_contain_text("Mine, without a typo (edited)")
        await item(page, 2).hover()
        await item(page, 2).get_by_role("button", name="Delete").click()
        await page.get_by_role("group", name="Delete this comment?").get_by_role("button", name="Delete").click()
        await expect(item(page, 2)).to_contain_text("This comment was deleted.")
        await expect(item(page, 2)).not_to_contain_text("Saving")
        log = await node.services.actions.page(customer_id, after=0, before=None, limit=10, kinds=None)
        kinds = [action["kind"] for action in log.items]
        assert kinds == ["created", "comment", "comment", "comment_edited", "comment_deleted"]


async def test_a_customer_that_is_taken_away_is_gone_at_once(
    browser: Browser, database_url: str, redis_url: str
) -> None:
    async with running_node(database_url, redis_url, visibility="assigned") as node:
        await hire(node, "dana", "lee")
        dana, lee = await node.agent("dana"), await node.agent("lee")
        [customer_id] = await assigned_customers(node, dana, 1)
        await node.write("dana", AddComment(customer_id, "A secret"))
        async with signed_in(browser, node, "dana", f"/customers/{customer_id}", refusals=("404", "403")) as page:
            await page.get_by_test_id("comment-box").fill("Half a thought")
            await node.write("dana", UpdateCustomer(customer_id, {"assigned_to": lee.id}, Base(version=1)))
            await expect(page.get_by_text("You cannot see this customer any more.")).to_be_visible()
            await expect(page.get_by_text("A secret")).to_have_count(0)
            await expect(page.get_by_test_id("customer-row")).to_have_count(0)
            await node.write("lee", AddComment(customer_id, "Another secret"))
            await node.write("lee", UpdateCustomer(customer_id, {"assigned_to": dana.id}, Base(version=2)))
            await page.locator(f'[data-customer-id="{customer_id}"] a').click()
            await expect(page.get_by_test_id("feed")).to_contain_text("Another secret")
            await expect(page.get_by_test_id("comment-box")).to_have_value("Half a thought")
