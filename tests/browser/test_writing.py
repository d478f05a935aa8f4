"""Writing without collisions, and without losing what was written: broken lines, two windows, a logout."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, expect

from channels.command import AddComment, Base, DeleteComment, UpdateCustomer
from tests.browser.line import Line
from tests.browser.office import assigned_customers, hire, is_live, opened, shoot, sign_in, signed_in
from tests.ground.eventually import eventually
from tests.realtime.conftest import Node, running_node

BROKEN = ("ERR_INTERNET_DISCONNECTED", "WebSocket connection")


async def is_saved(node: Node, customer_id: int, **values: object) -> bool:
    customer = await node.services.customers.get(customer_id)
    return customer is not None and all(getattr(customer, name) == value for name, value in values.items())


async def comments(node: Node, customer_id: int) -> list[str]:
    """The bodies of a customer's comments, oldest first."""
    page = await node.services.actions.page(customer_id, after=0, before=None, limit=100, kinds=None)
    return [action["body"] or "" for action in page.items if action["kind"] == "comment"]


async def expect_comments(node: Node, customer_id: int, *bodies: str) -> None:
    async def are_there() -> bool:
        return await comments(node, customer_id) == list(bodies)

    await eventually(are_there, what=f"the comments {bodies}")


async def test_an_overtaken_editor_is_told_while_typing_and_chooses(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    async with signed_in(browser, node, "dana", f"/customers/{customer_id}") as page:
        details = page.get_by_test_id("details")
        await details.get_by_label("Name", exact=True).fill("Acme Limited")
        await details.get_by_label("Email", exact=True).fill("desk@acme.example")
        await expect(page.get_by_test_id("save-bar")).to_contain_text("2 changes")
        await node.write("lee", UpdateCustomer(customer_id, {"name": "Acme Holding"}, Base(version=1)))
        await expect(page.get_by_test_id("overtaken")).to_be_visible()
        conflict = page.get_by_test_id("conflict-field")
        await expect(conflict).to_have_count(1)  # the other field is nobody else's
        await expect(conflict).to_contain_text("Acme Ltd 1")
        await expect(conflict).to_contain_text("Acme Holding")
        await expect(conflict).to_contain_text("Acme Limited")
        await expect(conflict).to_contain_text("Lee")
        await shoot(page, "conflict-while-typing")
        await page.get_by_test_id("keep-mine").click()
        await page.get_by_test_id("save-details").click()
        await expect(page.get_by_test_id("save-bar")).to_have_count(0)
        wanted = {"name": "Acme Limited", "email": "desk@acme.example", "version": 3}
        await eventually(lambda: is_saved(node, customer_id, **wanted), what="the choice")


async def test_edits_of_different_fields_merge_without_a_question(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    async with signed_in(browser, node, "dana", f"/customers/{customer_id}") as page:
        details = page.get_by_test_id("details")
        await details.get_by_label("Plan", exact=True).fill("platinum")
        await node.write("lee", UpdateCustomer(customer_id, {"phone": "+44 1"}, Base(version=1)))
        await expect(details.get_by_label("Phone", exact=True)).to_have_value("+44 1")
        await page.get_by_test_id("save-details").click()
        await expect(page.get_by_test_id("save-bar")).to_have_count(0)
        merged = {"phone": "+44 1", "fields": {"plan": "platinum"}, "version": 3}
        await eventually(lambda: is_saved(node, customer_id, **merged), what="both changes")
        await expect(page.get_by_test_id("conflict-dialog")).to_have_count(0)


async def test_a_conflict_at_submit_shows_all_three_and_a_merged_text(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    async with opened(browser) as page:
        line = await Line().stand(page)
        # this page never hears of what Lee does, as when Redis loses it
        line.lose = lambda frame: "Acme Group" in frame and "rejected" not in frame
        await page.goto(f"{node.url}/customers/{customer_id}")
        await sign_in(page, "dana")
        name = page.get_by_test_id("details").get_by_label("Name", exact=True)
        await expect(name).to_have_value("Acme Ltd 1")
        await node.write("lee", UpdateCustomer(customer_id, {"name": "Acme Group Ltd 1"}, Base(version=1)))
        await name.fill("Acme Ltd 1 (Leeds)")
        await name.press("Enter")
        dialog = page.get_by_test_id("conflict-dialog")
        for text in ("Acme Ltd 1", "Acme Group Ltd 1", "Acme Ltd 1 (Leeds)", "Lee"):
            await expect(dialog).to_contain_text(text)
        await shoot(page, "conflict-at-submit")
        await dialog.get_by_test_id("merge-text").click()
        await expect(dialog.get_by_test_id("merged-text")).to_have_value("Acme Group Ltd 1 (Leeds)")
        await dialog.get_by_test_id("merged-text").fill("Acme Group (Leeds)")
        await dialog.get_by_test_id("use-merged").click()
        await dialog.get_by_test_id("save-again").click()
        await expect(dialog).to_have_count(0)
        saved = {"name": "Acme Group (Leeds)", "version": 3}
        await eventually(lambda: is_saved(node, customer_id, **saved), what="the merged text")


async def test_a_comment_is_held_back_when_something_arrived_while_it_was_written(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    async with signed_in(browser, node, "dana", f"/customers/{customer_id}") as page:
        box = page.get_by_test_id("comment-box")
        await box.fill("I will refund them.")
        await node.write("lee", AddComment(customer_id, "Refunded just now."))
        await expect(page.get_by_test_id("feed")).to_contain_text("Refunded just now.")
        await expect(page.get_by_test_id("arrived")).to_contain_text("1 action arrived while you write")
        await page.get_by_test_id("send-comment").click()
        await expect(page.get_by_test_id("send-guard")).to_contain_text("Refunded just now.")
        await expect(box).to_have_value("I will refund them.")
        await shoot(page, "send-guard")
        assert await comments(node, customer_id) == ["Refunded just now."]
        await box.fill("Thanks!")
        await page.get_by_test_id("send-anyway").click()
        await expect(page.get_by_test_id("send-guard")).to_have_count(0)
        await expect_comments(node, customer_id, "Refunded just now.", "Thanks!")


async def test_the_server_holds_a_comment_back_that_its_author_could_not_know_better(
    browser: Browser, node: Node
) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    async with opened(browser) as page:
        line = await Line().stand(page)
        line.lose = lambda frame: "Refunded" in frame and "rejected" not in frame
        await page.goto(f"{node.url}/customers/{customer_id}")
        await sign_in(page, "dana")
        await expect(page.get_by_test_id("feed")).to_contain_text("created this customer")
        await node.write("lee", AddComment(customer_id, "Refunded just now."))
        await page.get_by_test_id("comment-box").fill("I will refund them.")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_test_id("send-guard")).to_contain_text("Refunded just now.")
        await expect(page.get_by_test_id("comment-box")).to_have_value("I will refund them.")
        await expect(page.get_by_test_id("feed")).to_contain_text("Refunded just now.")
        await page.keyboard.press("Control+Enter")  # seen, and meant
        await expect_comments(node, customer_id, "Refunded just now.", "I will refund them.")


@asynccontextmanager
async def two_windows(browser: Browser, node: Node, customer_id: int) -> AsyncIterator[tuple[Page, Page, Line]]:
    """Two windows of one browser, both of Dana at the same customer, on one line."""
    path = f"{node.url}/customers/{customer_id}"
    async with opened(browser, refusals=BROKEN) as page:
        line = await Line().stand(page.context)
        await page.goto(path)
        await sign_in(page, "dana")
        second = await page.context.new_page()
        await second.goto(path)
        await is_live(second)
        for window in (page, second):
            await expect(window.get_by_test_id("feed")).to_contain_text("created this customer")
        yield page, second, line


async def test_what_is_written_offline_is_sent_once_over_a_reload_and_in_two_windows(
    browser: Browser, node: Node
) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    async with two_windows(browser, node, customer_id) as (page, second, line):
        await line.cut()
        await page.get_by_test_id("comment-box").fill("Written in the tunnel.")
        await page.get_by_test_id("send-comment").click()
        await pick_status(page, "Waiting")
        for window in (page, second):  # shown at once, marked as not sent, in both
            await expect(window.get_by_test_id("pending-comment")).to_contain_text("Waiting for the connection")
            await expect(window.get_by_test_id("status-select")).to_contain_text("Waiting")
            await expect(window.get_by_test_id("connection-state")).to_contain_text("2 changes waiting")
        await shoot(page, "offline")
        assert await comments(node, customer_id) == []
        await page.reload()
        await expect(page.get_by_role("button", name="Try again")).to_be_visible()
        line.mend()
        await page.get_by_role("button", name="Try again").click()
        await expect_comments(node, customer_id, "Written in the tunnel.")
        await eventually(lambda: is_saved(node, customer_id, status="waiting", version=2), what="the status")
        for window in (page, second):
            await is_live(window)
            await expect(window.get_by_test_id("feed")).to_contain_text("Written in the tunnel.")
            await expect(window.get_by_test_id("pending-comment")).to_have_count(0)
        assert await comments(node, customer_id) == ["Written in the tunnel."]


async def test_two_windows_send_once_and_a_lost_answer_writes_once(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    async with two_windows(browser, node, customer_id) as (page, second, line):
        await page.get_by_test_id("comment-box").fill("One of one.")
        await page.get_by_test_id("send-comment").click()
        await expect(second.get_by_test_id("feed")).to_contain_text("One of one.")
        await expect(second.get_by_test_id("pending-comment")).to_have_count(0)
        assert line.sent_with("comment.add") == 1

        # the answer, and the news of it, are lost with the line, after the commit
        line.lose = lambda frame: "Two of two." in frame
        await page.get_by_test_id("comment-box").fill("Two of two.")
        await page.get_by_test_id("send-comment").click()
        await expect_comments(node, customer_id, "One of one.", "Two of two.")
        await expect(page.get_by_test_id("pending-comment")).to_be_visible()
        await line.cut()
        line.lose = lambda _: False
        line.mend()
        for window in (page, second):
            await expect(window.get_by_test_id("feed")).to_contain_text("Two of two.")
            await expect(window.get_by_test_id("pending-comment")).to_have_count(0)
        assert await comments(node, customer_id) == ["One of one.", "Two of two."]


async def test_a_refused_change_of_a_comment_stays_beside_it_until_somebody_decides(
    browser: Browser, node: Node
) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    await node.write("dana", AddComment(customer_id, "They pay on Monday"))
    # by whichever way is there first: over HTTP the comment that is gone is a 404
    async with opened(browser, refusals=(*BROKEN, "404")) as page:
        line = await Line().stand(page)
        await page.goto(f"{node.url}/customers/{customer_id}")
        await sign_in(page, "dana")
        comment = page.locator('[data-testid=feed-item][data-offset="2"]')
        await comment.hover()
        await comment.get_by_role("button", name="Edit").click()
        await line.cut()
        await comment.get_by_role("textbox", name="Edit").fill("They pay on Tuesday")
        await comment.get_by_role("button", name="Save").click()
        await expect(comment).to_contain_text("They pay on Tuesday (edited)")
        await expect(comment).to_contain_text("Saving")
        await node.write("dana", DeleteComment(customer_id, 2))  # from her phone
        line.mend()
        await expect(comment.get_by_test_id("refused")).to_contain_text("This change was not saved.")
        await expect(comment.get_by_test_id("refused")).to_contain_text("They pay on Tuesday")
        await expect(comment).to_contain_text("This comment was deleted.")
        await comment.get_by_role("button", name="Discard").click()
        await expect(comment.get_by_test_id("refused")).to_have_count(0)
        await expect(page.get_by_test_id("unsent")).to_have_count(0)


async def test_a_refused_write_keeps_its_reason_and_drafts_outlive_logout_and_reassignment(
    browser: Browser, database_url: str, redis_url: str
) -> None:
    async with running_node(database_url, redis_url, visibility="assigned") as node:
        await hire(node, "dana", "lee")
        dana, lee = await node.agent("dana"), await node.agent("lee")
        [mine, other] = await assigned_customers(node, dana, 2)
        async with opened(browser, refusals=(*BROKEN, "404", "403")) as page:
            line = await Line().stand(page.context)
            await page.goto(f"{node.url}/customers/{mine}")
            await sign_in(page, "dana")
            await expect(page.get_by_test_id("feed")).to_contain_text("created this customer")
            await line.cut()
            await page.get_by_test_id("comment-box").fill("They agreed to the price.")
            await page.get_by_test_id("send-comment").click()
            await page.get_by_test_id("comment-box").fill("And one more thing")
            await node.write("dana", UpdateCustomer(mine, {"assigned_to": lee.id}, Base(version=1)))
            line.mend()
            await expect(page.get_by_text("You cannot see this customer any more.")).to_be_visible()
            await page.get_by_test_id("unsent").click()
            item = page.get_by_test_id("unsent-item")
            await expect(item).to_contain_text("They agreed to the price.")
            await expect(item.locator(".refusal")).not_to_be_empty()
            await shoot(page, "unsent")
            await page.keyboard.press("Escape")
            await page.goto(f"{node.url}/customers/{other}")
            await page.get_by_test_id("details").get_by_label("Name", exact=True).fill("Not saved yet")
            await page.get_by_role("button", name="account").click()
            await page.get_by_role("menuitem", name="Sign out").click()
            await node.write("lee", UpdateCustomer(mine, {"assigned_to": dana.id}, Base(version=2)))
            await sign_in(page, "dana")
            await expect(page.get_by_test_id("details").get_by_label("Name", exact=True)).to_have_value("Not saved yet")
            await page.goto(f"{node.url}/customers/{mine}")
            await expect(page.get_by_test_id("comment-box")).to_have_value("And one more thing")
            await page.get_by_test_id("unsent").click()
            await page.get_by_test_id("unsent-item").get_by_role("button", name="Try again").click()
            # accepted now, but for what Lee did meanwhile: it is shown first, and nothing is lost on the way
            await expect(page.get_by_test_id("send-guard")).to_contain_text("assigned this to Dana")
            await page.get_by_test_id("send-anyway").click()
            await expect_comments(node, mine, "They agreed to the price.\n\nAnd one more thing")
            await expect(page.get_by_test_id("unsent")).to_have_count(0)


async def pick_status(page: Page, name: str) -> None:
    await page.get_by_test_id("status-select").click()
    await page.get_by_role("option", name=name, exact=True).click()
