"""The line between an agent's windows and the server, which can be cut, and can lose single messages."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.async_api import BrowserContext, Page, Route, WebSocketRoute

SOCKETS = "**/connection/**"
CALLS = re.compile(r"/(api/|livez$)")


class Line:
    """Stands in the way of everything that goes to the server; passes it on unless told otherwise.

    `sent`: the frames that the page sent by socket. `lose`: answers whether a frame to the page gets lost.
    """

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.lose: Callable[[str], bool] = lambda _: False
        self.is_cut = False
        self._sockets: list[WebSocketRoute] = []

    async def stand(self, between: BrowserContext | Page) -> Line:
        await between.route_web_socket(SOCKETS, self._socket)
        await between.route(CALLS, self._call)
        return self

    async def cut(self) -> None:
        self.is_cut = True
        for socket in self._sockets:
            await socket.close(code=1001)
        self._sockets.clear()

    def mend(self) -> None:
        self.is_cut = False

    def sent_with(self, part: str) -> int:
        return sum(part in frame for frame in self.sent)

    async def _call(self, route: Route) -> None:
        await (route.abort("internetdisconnected") if self.is_cut else route.continue_())

    async def _socket(self, page: WebSocketRoute) -> None:
        if self.is_cut:
            await page.close(code=1001)
            return
        server = page.connect_to_server()
        self._sockets.append(page)

        def from_page(message: str | bytes) -> None:
            self.sent.append(str(message))
            server.send(message)

        def from_server(message: str | bytes) -> None:
            if not self.lose(str(message)):
                page.send(message)

        page.on_message(from_page)
        server.on_message(from_server)
