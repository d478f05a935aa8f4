"""Pictures of every view, light and dark, wide and narrow, on the example data.

    python -m tests.browser.shots FOLDER [NAME…]     all of them, or those whose name begins so

They are for looking at: nothing is compared.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from centrifuge import Client
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.office import ARGUMENTS, PASSWORD
from tests.ground.chromium import find_chromium
from tests.ground.demo import demo_server

SIZES = {"1440": {"width": 1440, "height": 900}, "390": {"width": 390, "height": 844}}
THEMES = ("light", "dark")

Act = Callable[[Page], Awaitable[None]]


async def nothing(_: Page) -> None:
    """The view is what its address shows."""


@dataclass(frozen=True, slots=True)
class View:
    """What is photographed: by whom, where, and after what has been done there."""

    name: str
    username: str
    path: str
    ready: str
    act: Act = nothing


async def open_customer(page: Page) -> None:
    await page.get_by_test_id("customer-row").nth(9).locator("a").click()
    await expect(page.get_by_test_id("feed-item").last).to_be_visible()
    await expect(page.get_by_test_id("connection-state")).to_have_attribute("data-phase", "live")


@asynccontextmanager
async def api(page: Page, username: str) -> AsyncIterator[httpx.AsyncClient]:
    """The interface as somebody else uses it."""
    server = urlsplit(page.url)
    async with httpx.AsyncClient(base_url=f"{server.scheme}://{server.netloc}") as http:
        login = await http.post("/api/auth/login", json={"username": username, "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        yield http


async def open_talk(page: Page) -> None:
    """The customer of the list that most was said about."""
    async with api(page, "dana") as http:
        rows = (await http.get("/api/customers", params={"assigned_to": "me"})).json()["items"]
    most = max(rows, key=lambda row: row["offset"])
    await page.goto(f"{page.url.rstrip('/')}/customers/{most['id']}")
    await expect(page.get_by_test_id("feed-item").last).to_be_visible()
    await expect(page.get_by_test_id("connection-state")).to_have_attribute("data-phase", "live")


async def with_a_colleague(page: Page) -> None:
    """Lee looks at the same customer, and types."""
    await open_talk(page)
    browser = page.context.browser
    assert browser is not None
    theirs = await (await browser.new_context()).new_page()
    await sign_in(theirs, page.url.partition("/customers")[0], "lee")
    await theirs.goto(page.url)
    await expect(theirs.get_by_test_id("feed-item").last).to_be_visible()
    await theirs.get_by_test_id("comment-box").press_sequentially("I have them on the phone", delay=20)
    await expect(page.get_by_test_id("typing")).to_contain_text("Lee")
    if await page.get_by_test_id("comment-box").is_visible():
        await page.get_by_test_id("comment-box").fill("I will send the contract again.")


async def overtaken(page: Page) -> None:
    """Lee changes a field that is being edited."""
    await open_talk(page)
    if page.viewport_size is not None and page.viewport_size["width"] < 980:
        await page.get_by_role("button", name="Details").click()
    name = page.get_by_test_id("details").get_by_label("Name", exact=True)
    before = await name.input_value()
    await name.fill(f"{before.split(' ')[0]} International")
    path = f"/api/customers/{page.url.rpartition('/')[2]}"
    async with api(page, "lee") as http:
        version = (await http.get(path)).json()["version"]
        theirs = f"{' '.join(before.split()[:2])} {'Group' if 'Partners' in before else '& Partners'}"
        change = {"base_version": version, "changes": {"name": theirs}}
        (await http.patch(path, json=change)).raise_for_status()
    await expect(page.get_by_test_id("overtaken")).to_be_visible()


async def open_details(page: Page) -> None:
    await open_customer(page)
    if page.viewport_size is not None and page.viewport_size["width"] < 980:
        await page.get_by_role("button", name="Details").click()


async def open_notice(page: Page) -> None:
    await page.get_by_test_id("notice").nth(1).locator("a").click()
    await expect(page.locator("[data-pointed]")).to_be_visible()


async def open_keys(page: Page) -> None:
    await page.keyboard.press("?")
    await expect(page.get_by_test_id("keys")).to_be_visible()


async def open_menu(page: Page) -> None:
    if page.viewport_size is not None and page.viewport_size["width"] < 820:
        await page.get_by_role("button", name="Open menu").click()
    await page.get_by_role("button", name="account").click()
    await expect(page.get_by_role("menu").first).to_be_visible()


async def hand_over(page: Page) -> None:
    await page.get_by_test_id("hand-over").first.click()
    await page.get_by_test_id("handover").get_by_role("checkbox").nth(4).check()
    await page.get_by_test_id("handover").get_by_role("checkbox").nth(5).check()


async def add_agent(page: Page) -> None:
    await page.get_by_test_id("add-agent").click()
    await page.get_by_test_id("agent-dialog").get_by_label("Name", exact=True).fill("Noor Haddad")


async def disable_agent(page: Page) -> None:
    await page.get_by_role("button", name="Disable").nth(1).click()
    await expect(page.get_by_test_id("disable-dialog")).to_be_visible()


async def as_table(page: Page) -> None:
    await page.get_by_role("button", name="Show as table").click()
    await expect(page.get_by_test_id("series-table")).to_be_visible()


async def go_offline(page: Page) -> None:
    await open_customer(page)
    await page.context.set_offline(True)
    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    await expect(page.get_by_test_id("connection-strip")).to_be_visible(timeout=60_000)


LIST, SYSTEM = "[data-testid=customer-row]", "[data-testid=system] .chart"
VIEWS = (
    View("work", "dana", "/", LIST),
    View("customer", "dana", "/", LIST, open_customer),
    View("customer-live", "dana", "/", LIST, with_a_colleague),
    View("conflict", "dana", "/", LIST, overtaken),
    View("details", "dana", "/", LIST, open_details),
    View("inbox", "dana", "/inbox", "[data-testid=notice]"),
    View("inbox-open", "dana", "/inbox", "[data-testid=notice]", open_notice),
    View("keys", "ines", "/?assigned_to=all", LIST, open_keys),
    View("menu", "ines", "/?assigned_to=all", LIST, open_menu),
    View("team", "ines", "/team", "[data-testid=load]"),
    View("team-hand-over", "ines", "/team", "[data-testid=load]", hand_over),
    View("agents", "root", "/agents", "[data-testid=agent]"),
    View("agents-add", "root", "/agents", "[data-testid=agent]", add_agent),
    View("agents-disable", "root", "/agents", "[data-testid=agent]", disable_agent),
    View("system", "ines", "/system", SYSTEM),
    View("system-table", "ines", "/system", SYSTEM, as_table),
    View("offline", "dana", "/", LIST, go_offline),
)


async def photograph(browser: Browser, url: str, folder: Path, names: tuple[str, ...]) -> None:
    wanted = [view for view in VIEWS if not names or view.name.startswith(names)]
    for size, viewport in SIZES.items():
        for theme in THEMES:
            if not names or "login".startswith(names):
                page = await new_page(browser, theme, viewport)
                await page.goto(url)
                await shoot(page, folder, f"login-{theme}-{size}")
                await page.context.close()
            for username in dict.fromkeys(view.username for view in wanted):
                page = await new_page(browser, theme, viewport)
                await sign_in(page, url, username)
                for view in wanted:
                    if view.username == username:
                        await page.goto(url + view.path)
                        await expect(page.locator(view.ready).first).to_be_visible()
                        await view.act(page)
                        await shoot(page, folder, f"{view.name}-{theme}-{size}")
                await page.context.close()


async def new_page(browser: Browser, theme: str, viewport: dict[str, int]) -> Page:
    context = await browser.new_context(
        viewport=viewport,  # type: ignore[arg-type]  # reason: a dict is what it wants
        color_scheme=theme,  # type: ignore[arg-type]  # reason: one of THEMES
        locale="en-GB",
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    return await context.new_page()


async def sign_in(page: Page, url: str, username: str) -> None:
    await page.goto(url)
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("customer-list")).to_be_attached()


async def shoot(page: Page, folder: Path, name: str) -> None:
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=folder / f"{name}.png")
    print(f"{name}.png", flush=True)


COLLEAGUES = ("lee", "sam", "amara", "bjorn", "chen", "divya", "elif", "farid", "greta", "hugo", "mei", "noa")
SENTENCES = (
    "Called back, they will send the contract today.",
    "The export works again after the last update.",
    "Waiting for the signed order.",
    "They asked for a second seat on the team plan.",
)


async def work_along(url: str, username: str, chance: random.Random) -> None:
    """A colleague who is online and writes now and then, sometimes from a state that is no longer the latest."""
    async with httpx.AsyncClient(base_url=url) as http:
        login = await http.post("/api/auth/login", json={"username": username, "password": PASSWORD})
        if login.status_code != 200:
            return  # not everybody is on the staff of every seed
        token = login.json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        await Client(f"{url.replace('http', 'ws')}/connection/websocket", token=token).connect()
        while True:
            await asyncio.sleep(chance.uniform(0.5, 8))
            path = f"/api/customers/{chance.randint(1, 15_000)}"
            if chance.random() < 0.85:
                await http.post(f"{path}/comments", json={"body": chance.choice(SENTENCES)})
            else:
                await http.patch(path, json={"base_version": 1, "changes": {"status": "waiting", "priority": "high"}})


async def all_views(url: str, folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(1)
    office = [asyncio.create_task(work_along(url, username, chance)) for username in COLLEAGUES]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        await photograph(browser, url, folder, names)
        await browser.close()
    for colleague in office:
        colleague.cancel()
        with suppress(asyncio.CancelledError):
            await colleague


def main(folder: Path, names: tuple[str, ...]) -> None:
    with demo_server() as server:
        asyncio.run(all_views(server.url, folder, names))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
