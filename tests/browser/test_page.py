"""The agents' page in a real, headless Chromium: two agents, a comment seen live, a conflict resolved."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from channels.agent import Agent
from channels.command import AddComment, Base, UpdateCustomer
from tests.browser.office import assigned_customers, shoot, signed_in
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node


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
