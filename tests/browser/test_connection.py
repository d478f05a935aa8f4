"""The truth about the connection: streams and polling where there is no socket, and a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect

from channels.agent import Agent
from channels.command import AddComment
from tests.browser.office import assigned_customers, is_live, opened, row, sign_in
from tests.ground.eventually import eventually
from tests.ground.proxy import Proxy
from tests.realtime.client import connected
from tests.realtime.conftest import Node, running_node

HTTP_STREAM, SSE = "**/connection/http_stream", "**/connection/sse?*"
BLOCKED = ("WebSocket", "net::ERR_")


async def block_sockets(page: Page) -> None:
    async def close(socket: WebSocketRoute) -> None:
        await socket.close()

    await page.route_web_socket("**/connection/websocket", close)


async def hold_the_clock(page: Page) -> None:
    await page.clock.install()


async def block_http_stream(page: Page) -> None:
    await page.route(HTTP_STREAM, abort)


async def block_streams(page: Page) -> None:
    await block_http_stream(page)
    await page.route(SSE, abort)


async def abort(route: Route) -> None:
    await route.abort()


@asynccontextmanager
async def entered(
    browser: Browser, url: str, path: str, *blocks: Callable[[Page], Awaitable[None]]
) -> AsyncIterator[Page]:
    """Dana's page, whose connection may be hindered."""
    async with opened(browser, refusals=BLOCKED) as page:
        for block in blocks:
            await block(page)
        await page.goto(url + path)
        await page.get_by_label("Username").fill("dana")
        await page.get_by_label("Password", exact=True).fill("casewire")
        await page.get_by_role("button", name="Sign in").click()
        yield page


async def has_comment(node: Node, customer_id: int, agent: Agent, body: str) -> bool:
    page = await node.services.actions.page(customer_id, after=None, before=None, kinds=None, limit=20)
    return any((item["actor"]["id"], item["body"]) == (agent.id, body) for item in page.items)


async def test_without_any_socket_everything_works_by_asking(browser: Browser, node: Node) -> None:
    dana = await node.agent("dana")
    first, second = await assigned_customers(node, dana, 2)
    async with entered(browser, node.url, f"/customers/{first}", hold_the_clock, block_sockets, block_streams) as page:
        state, strip = page.get_by_test_id("connection-state"), page.get_by_test_id("connection-strip")
        await expect(state).to_have_attribute("data-phase", "fallback")
        await expect(strip).to_contain_text("Changes are asked for over HTTP")
        async with connected(node.socket_url, await node.token("lee")) as lee:
            await lee.watch(first)
            await page.clock.fast_forward(20_000)  # when it is asked again who is here
            await expect(page.get_by_test_id("viewers")).to_have_attribute("aria-label", "Also viewing: Lee")
        box = page.get_by_test_id("comment-box")
        await box.fill("Can you see me?")
        await box.press("Control+Enter")
        await eventually(lambda: has_comment(node, first, dana, "Can you see me?"), what="the comment came by HTTP")
        await expect(page.get_by_test_id("pending-comment")).to_have_count(0)
        await node.write("lee", AddComment(first, "I can."))
        await expect(page.get_by_test_id("feed")).to_contain_text("I can.")
        await page.get_by_test_id("details").get_by_label("Name", exact=True).fill("By HTTP Ltd")
        await page.get_by_test_id("save-details").click()
        await expect(row(page, first)).to_contain_text("By HTTP Ltd")
        await node.write("lee", AddComment(second, "And this one, @dana?"))
        await page.clock.fast_forward(20_000)  # when lists and notices are asked for again
        await expect(row(page, second).locator(".badge")).to_have_text("1")
        await expect(page.get_by_test_id("inbox-count")).to_have_text("1")
        await page.get_by_role("link", name="Inbox").click()
        await expect(page.get_by_test_id("notice").first).to_contain_text("And this one, @dana?")


@pytest.mark.parametrize("transport", ["http_stream", "sse"])
async def test_where_sockets_are_blocked_streams_are_used(browser: Browser, node: Node, transport: str) -> None:
    dana = await node.agent("dana")
    [customer_id] = await assigned_customers(node, dana, 1)
    blocks = [block_sockets] if transport == "http_stream" else [block_sockets, block_http_stream]
    async with entered(browser, node.url, f"/customers/{customer_id}", *blocks) as page:
        await expect(page.get_by_test_id("connection-state")).to_have_attribute("data-transport", transport)
        box = page.get_by_test_id("comment-box")
        await box.fill("Out")
        await box.press("Control+Enter")
        await eventually(lambda: has_comment(node, customer_id, dana, "Out"), what="the comment came")
        await node.write("lee", AddComment(customer_id, "And back"))
        await expect(page.get_by_test_id("feed")).to_contain_text("And back")


async def test_after_a_restart_the_page_tells_how_many_it_caught_up_on(
    browser: Browser, node: Node, database_url: str, redis_url: str
) -> None:
    """The page talks to a server that ends, while another one goes on, and finds a new one at the same address."""
    [customer_id] = await assigned_customers(node, await node.agent("dana"), 1)
    port = 0
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(Proxy(lambda: asyncio.open_connection("127.0.0.1", port)))
        async with running_node(database_url, redis_url) as before:
            port = before.port
            page = await stack.enter_async_context(
                entered(browser, f"http://127.0.0.1:{proxy.port}", f"/customers/{customer_id}")
            )
            await is_live(page)
            await expect(page.get_by_test_id("feed-item").first).to_be_visible()
            proxy.refuse = True
        state, strip = page.get_by_test_id("connection-state"), page.get_by_test_id("connection-strip")
        await expect(state).to_have_attribute("data-phase", "reconnecting")
        await expect(strip).to_contain_text("What you write is kept")
        for number in range(3):
            await node.write("lee", AddComment(customer_id, f"While you were away {number}, @dana"))
        after = await stack.enter_async_context(running_node(database_url, redis_url))
        port, proxy.refuse = after.port, False
        await expect(state).to_have_attribute("data-recovered", "3", timeout=30_000)
        await expect(strip).to_have_text("Caught up on 3 actions.")
        await expect(page.get_by_test_id("feed")).to_contain_text("While you were away 2")
        await expect(page.get_by_test_id("inbox-count")).to_have_text("3")
        await page.close()


async def test_nothing_is_asked_of_another_host_and_nothing_runs_inline(browser: Browser, node: Node) -> None:
    [customer_id] = await assigned_customers(node, await node.agent("dana"), 1)
    async with opened(browser) as page:
        asked: set[str] = set()
        page.on("request", lambda request: asked.add(request.url.partition("://")[2].partition("/")[0]))
        page.on("websocket", lambda socket: asked.add(socket.url.partition("://")[2].partition("/")[0]))
        answer = await page.goto(node.url)
        assert answer is not None
        policy = {name: words for name, *words in map(str.split, answer.headers["content-security-policy"].split(";"))}
        assert policy["default-src"] == ["'none'"]
        assert (policy["script-src"], policy["style-src"]) == (["'self'"], ["'self'"])
        assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
        scripts = await page.locator("script, link[rel=stylesheet]").evaluate_all(
            "found => found.map(one => one.getAttribute('src') ?? one.getAttribute('href'))"
        )
        assert scripts
        assert all(name.startswith("/assets/") and "-" in name for name in scripts)  # hashed, so kept for good
        await sign_in(page, "dana")
        for path in ("/inbox", f"/customers/{customer_id}", "/?assigned_to=all"):
            await page.goto(node.url + path)
            await is_live(page)
        assert asked == {f"127.0.0.1:{node.port}"}
