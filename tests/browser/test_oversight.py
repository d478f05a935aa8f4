"""What supervisors and admins do: hand work over, add and disable agents, look at the system."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import Browser, expect

from channels.agent import Role
from channels.command import AddComment
from channels.customer import Status
from tests.browser.office import assigned_customers, hire, is_live, opened, signed_in
from tests.realtime.conftest import Node


@pytest_asyncio.fixture(loop_scope="session")
async def staffed(node: Node) -> Node:
    await hire(node, "ines", role=Role.SUPERVISOR)
    await hire(node, "root", role=Role.ADMIN)
    await hire(node, "sam")
    return node


async def test_the_work_of_somebody_who_is_away_is_shared_out(browser: Browser, staffed: Node) -> None:
    dana, lee, sam = [await staffed.agent(name) for name in ("dana", "lee", "sam")]
    await assigned_customers(staffed, dana, 12)  # three of them waiting
    await assigned_customers(staffed, lee, 2, first=12)
    async with signed_in(browser, staffed, "ines", "/team") as page:
        loads = page.get_by_test_id("load")
        await expect(loads.first).to_contain_text("Dana")
        await expect(loads.first).to_contain_text("12 open")
        await expect(page.get_by_test_id("team")).to_contain_text("14 open")
        await loads.first.get_by_test_id("hand-over").click()
        dialog = page.get_by_test_id("handover")
        await dialog.get_by_role("checkbox", name="Waiting").uncheck()
        await expect(dialog.get_by_test_id("begin-handover")).to_be_disabled()
        for name in ("Lee", "Sam"):
            await dialog.get_by_role("checkbox", name=name).check()
        await expect(dialog).to_contain_text("9 customers to 2 agents")
        await dialog.get_by_test_id("begin-handover").click()
        await expect(page.get_by_test_id("handover-progress")).to_have_attribute("data-phase", "done")
        await expect(dialog).to_contain_text("9 customers were handed over.")
        await dialog.get_by_test_id("end-handover").click()
        await expect(page.locator(f'[data-agent-id="{dana.id}"]')).to_contain_text("3 open")
    work = await staffed.services.customers.workload()
    open_of = {agent.username: sum(work.get((agent.id, status), 0) for status in Status) for agent in (dana, lee, sam)}
    assert open_of == {"dana": 3, "lee": 5, "sam": 6}  # 9 shared so that 2 and 0 become as even as can be
    assert work[dana.id, Status.WAITING] == 3


async def test_an_agent_is_added_and_disabled_and_signed_out_at_once(browser: Browser, staffed: Node) -> None:
    async with signed_in(browser, staffed, "root", "/agents") as page, opened(browser) as theirs:
        await page.get_by_test_id("add-agent").click()
        dialog = page.get_by_test_id("agent-dialog")
        await dialog.get_by_label("Name", exact=True).fill("Noor Haddad")
        await dialog.get_by_label("Username").fill("dana")
        await dialog.get_by_label("Password").fill("a good password")
        await dialog.get_by_test_id("save-agent").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("already somebody")
        await dialog.get_by_label("Username").fill("noor")
        await dialog.get_by_test_id("save-agent").click()
        noor = page.get_by_test_id("agent").filter(has_text="Noor Haddad")
        await expect(noor).to_contain_text("Active")

        await theirs.goto(staffed.url)
        await theirs.get_by_label("Username").fill("noor")
        await theirs.get_by_label("Password", exact=True).fill("a good password")
        await theirs.get_by_role("button", name="Sign in").click()
        await expect(theirs.get_by_test_id("connection-state")).to_have_attribute("data-phase", "live")

        await noor.get_by_role("button", name="Change").click()
        await dialog.get_by_label("Name", exact=True).fill("Noor H.")
        await dialog.get_by_test_id("save-agent").click()
        changed = page.get_by_test_id("agent").filter(has_text="Noor H.")
        await changed.get_by_role("button", name="Disable").click()
        await expect(page.get_by_test_id("disable-dialog")).to_contain_text("What they wrote stays")
        await page.get_by_test_id("disable-agent").click()
        await expect(changed).to_contain_text("Disabled")
        await expect(theirs.get_by_test_id("login-form")).to_be_visible()
        await expect(theirs.get_by_text("Your login has ended")).to_be_visible()

        await changed.get_by_role("button", name="Enable").click()
        await page.get_by_test_id("disable-agent").click()
        await expect(changed).to_contain_text("Active")
        mine = page.get_by_test_id("agent").filter(has_text="Root")
        await expect(mine.get_by_role("button", name="Disable")).to_be_disabled()


async def test_another_role_and_another_password_reach_an_open_page_at_once(browser: Browser, staffed: Node) -> None:
    [customer_id] = await assigned_customers(staffed, await staffed.agent("sam"), 1)
    async with (
        signed_in(browser, staffed, "root", "/agents") as page,
        signed_in(browser, staffed, "sam", f"/customers/{customer_id}") as theirs,
    ):
        asked = page.get_by_test_id("agent").filter(has_text="Sam").get_by_role("button", name="Change")
        dialog, box = page.get_by_test_id("agent-dialog"), theirs.get_by_test_id("comment-box")
        await box.fill("Half a thought")
        for role, team in (("supervisor", 1), ("agent", 0)):
            await asked.click()
            await dialog.locator(f"input[value={role}]").check()
            await dialog.get_by_test_id("save-agent").click()
            await expect(theirs.get_by_role("link", name="Team")).to_have_count(team)
        await expect(box).to_be_focused()  # the page goes on where it was
        await expect(box).to_have_value("Half a thought")

        await asked.click()
        await dialog.get_by_label("New password").fill("another password")
        await dialog.get_by_test_id("save-agent").click()
        await expect(theirs.get_by_text("Your login has ended")).to_be_visible()
        await theirs.get_by_label("Username").fill("sam")
        for password in ("casewire", "another password"):
            await theirs.get_by_label("Password", exact=True).fill(password)
            await theirs.get_by_role("button", name="Sign in").click()
            if password == "casewire":
                await expect(theirs.get_by_role("alert")).to_be_visible()
        await is_live(theirs)
        await expect(box).to_have_value("Half a thought")


async def test_a_supervisor_changes_and_deletes_what_a_colleague_wrote(browser: Browser, staffed: Node) -> None:
    [customer_id] = await assigned_customers(staffed, await staffed.agent("dana"), 1)
    for body in ("Their card is 4711 0815", "Rude words"):
        await staffed.write("dana", AddComment(customer_id, body))
    path = f"/customers/{customer_id}"
    async with signed_in(browser, staffed, "ines", path) as page, signed_in(browser, staffed, "dana", path) as author:
        comment, other = (page.locator(f'[data-testid=feed-item][data-offset="{offset}"]') for offset in (2, 3))
        await comment.hover()
        await comment.get_by_role("button", name="Edit").click()
        await comment.get_by_role("textbox", name="Edit").fill("Their card is known")
        await page.keyboard.press("Control+Enter")
        await expect(author.get_by_test_id("feed")).to_contain_text("Their card is known (edited)")
        await other.hover()
        await other.get_by_role("button", name="Delete").click()
        await page.get_by_role("group", name="Delete this comment?").get_by_role("button", name="Delete").click()
        await expect(author.get_by_test_id("feed")).to_contain_text("This comment was deleted.")
        await expect(author.get_by_test_id("feed")).not_to_contain_text("4711")
        await expect(author.get_by_test_id("feed")).not_to_contain_text("Rude")


async def test_the_system_tells_in_charts_and_in_a_table(browser: Browser, staffed: Node) -> None:
    async with signed_in(browser, staffed, "ines", "/system") as page:
        staffed.services.vitals.tell(10**9)  # a tick with the page's own connection in it
        await page.reload()
        connections = page.get_by_test_id("chart-connections")
        await expect(connections.locator(".chart-now")).to_have_text("1")
        await expect(connections.get_by_role("img", name="Connections: now 1")).to_be_visible()
        await expect(page.get_by_test_id("health")).to_contain_text("All is well")
        await expect(page.get_by_test_id("processes").locator("tbody tr")).to_have_count(1)
        await page.get_by_role("button", name="Show as table").click()
        await expect(page.get_by_test_id("series-table").locator("tbody tr").first).to_be_visible()
        await expect(page.locator("svg.load-bar, .chart svg")).to_have_count(0)


async def test_agents_are_not_shown_what_is_not_theirs(browser: Browser, staffed: Node) -> None:
    async with signed_in(browser, staffed, "dana") as page:
        await expect(page.get_by_role("link", name="Team")).to_have_count(0)
        for path in ("/team", "/system"):
            await page.goto(staffed.url + path)
            await expect(page.get_by_text("Only supervisors and admins can see this.")).to_be_visible()
    async with opened(browser) as page:
        await page.goto(f"{staffed.url}/agents")
        await page.get_by_label("Username").fill("ines")
        await page.get_by_label("Password", exact=True).fill("casewire")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_text("Only admins can see this.")).to_be_visible()
