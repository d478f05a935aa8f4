"""The examples of `docs/connect.md`, taken from the page and run as a reader would run them."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import orjson
import uvicorn
from playwright.async_api import async_playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Route

from channels.action import Action
from channels.command import AddComment
from channels.names import customer_channel
from server.auth.passwords import hash_password
from server.realtime.session import State
from tests.browser.office import ARGUMENTS
from tests.ground.chromium import find_chromium
from tests.ground.eventually import eventually
from tests.ground.node import find_node
from tests.ground.ports import free_port
from tests.realtime.conftest import Node, running_node
from tests.realtime.sdk.js_peer import SDK

PAGE = (Path(__file__).parents[3] / "docs" / "connect.md").read_text()


def example(language: str) -> str:
    """The page's only one in a language."""
    [text] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


@asynccontextmanager
async def running(*command: str | Path, **environment: str) -> AsyncIterator[Process]:
    process = await create_subprocess_exec(
        *command, env={"PATH": os.environ["PATH"], **environment}, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, 9)
        await process.communicate()


async def says(process: Process, text: str) -> str:
    """The rest of the first line with some text."""
    assert process.stdout is not None
    heard = []
    async with asyncio.timeout(20):
        async for line in process.stdout:
            heard.append(line.decode())
            if text in heard[-1]:
                return heard[-1]
    raise AssertionError("".join(heard))


async def comments(node: Node, customer_id: int) -> list[Action]:
    page = await node.services.stream.read(customer_channel(customer_id), None, 0, 100)
    return [orjson.loads(push.data)["action"] for push in page.pushes]


async def test_the_example_for_node_answers(node: Node, tmp_path: Path) -> None:
    customer = await node.customer()
    (tmp_path / "node_modules").symlink_to(SDK.parent)
    (tmp_path / "bot.mjs").write_text(example("js"))
    settings = {"CASEWIRE": node.url, "TOKEN": await node.token("lee"), "CUSTOMER": str(customer.id)}
    flags = ("--no-warnings", "--experimental-websocket")  # before Node.js 22
    async with running(find_node(), *flags, tmp_path / "bot.mjs", **settings) as bot:
        await says(bot, "Acme is open")
        await eventually(lambda: node.services.hub.channels > 1, what="it has subscribed")
        await node.write("dana", AddComment(customer.id, "ping"))

        async def answered() -> bool:
            last = (await comments(node, customer.id))[-1]
            return (last["body"], last["reply_to"]) == ("pong", 2)

        await eventually(answered, what="the answer")


def is_connected(node: Node) -> bool:
    return [session.state for session in node.services.sessions.all()] == [State.READY]


async def test_the_bot_in_python_answers_once(node: Node, tmp_path: Path) -> None:
    customer = await node.customer()
    await node.agent("bot")
    (tmp_path / "bot.py").write_text(example("python"))
    settings = {"CASEWIRE": node.url, "TOKEN": await node.token("bot")}
    for _ in range(2):  # the second one is told of what happens from now on
        async with running(sys.executable, tmp_path / "bot.py", **settings):
            await eventually(lambda: is_connected(node), what="it is connected")
            before = len(await comments(node, customer.id))
            await node.write("dana", AddComment(customer.id, "@bot are you there?"))

            async def answered(count: int = before + 2) -> bool:
                return len(await comments(node, customer.id)) == count

            await eventually(answered, what="the answer")
            assert (await comments(node, customer.id))[-1]["body"] == "At your service, Dana."
        await eventually(lambda: len(node.services.sessions) == 0, what="it has gone")


async def test_the_example_with_curl_listens(node: Node) -> None:
    await node.services.agents.create("dana", "Dana", "agent", hash_password("casewire"))
    await node.services.announce_directory_change()
    customer = await node.customer()
    assert customer.id == 1
    async with running("bash", "-eu", "-c", example("sh"), CASEWIRE=node.url) as curl:
        assert '"customer:1":{"recoverable":true' in await says(curl, '"connect"')
        await node.write("lee", AddComment(1, "hello"))
        assert '"body":"hello"' in await says(curl, '"customer:1"')


@asynccontextmanager
async def another_site(page: str) -> AsyncIterator[str]:
    """Serves the example and the SDK's file from an origin of their own."""
    port = free_port()

    def serve(request: Request) -> HTMLResponse:
        """As in a network that lets nothing through that stands before the way in the page."""
        html = page
        for blocked in WAYS[: WAYS.index(request.path_params["way"])]:
            assert f"/connection/{blocked}`" in html
            html = html.replace(f"/connection/{blocked}`", "/connection/nowhere`")
        return HTMLResponse(html)

    routes = [
        Route("/up-to/centrifuge.js", lambda _request: FileResponse(SDK / "dist" / "centrifuge.js")),
        Route("/up-to/{way}", serve),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server._serve())
    try:
        await eventually(lambda: server.started, what="the other site")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


WAYS = ["websocket", "http_stream", "sse"]


async def test_the_page_shows_comments_on_another_site(database_url: str, redis_url: str) -> None:
    """In a real browser, with its rules for other origins, by each of the ways that the page names."""
    async with (
        another_site(example("html")) as site,
        running_node(database_url, redis_url, allowed_origins=site) as node,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        for way in WAYS:
            customer = await node.customer()
            page = await browser.new_page()
            opened: list[str] = []
            page.on("websocket", lambda socket, opened=opened: opened.append(socket.url))
            page.on("response", lambda answer, opened=opened: opened.append(answer.url) if answer.ok else None)
            settings = {"url": node.url, "token": await node.token("lee"), "customer": str(customer.id)}
            await page.goto(f"{site}/up-to/{way}#{urlencode(settings)}")
            channel = f"customer:{customer.id}"
            await eventually(lambda c=channel: is_watched(node, c), what="the page has subscribed")
            await node.write("dana", AddComment(customer.id, "hello"))
            await expect(page.locator("li")).to_have_text("Dana: hello")
            assert any(f"/connection/{way}" in url for url in opened), opened
            await page.close()
        await browser.close()


def is_watched(node: Node, channel: str) -> bool:
    return any(channel in session.subscriptions for session in node.services.sessions.all())
