"""What supervisors and admins do: hand work over, add and disable agents, look at the system."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import Browser, expect

from channels.agent import Role
from channels.customer import Status
from tests.browser.office import assigned_customers, hire, opened, signed_in
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
