"""How a wish reaches a node, by three ways: HTTP, the official SDK, and the bare protocol."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from centrifuge import CentrifugeError, Client, ClientEventHandler, ReplyError, ServerPublicationContext

from tests.faults.dialogue import Gone, Rejected
from tests.faults.history import Comment, Json, Wish
from tests.faults.rawsocket import RawSocket

TIMEOUT = 2.5
"""Seconds after which a client gives up an answer and tries again: sooner than most do, to see more of it."""

TEMPORARY = frozenset({"too-many-requests", "database-unavailable", "not-ready", "unauthorized"})


@dataclass(frozen=True, slots=True)
class Answer:
    action: Json | None
    replayed: bool | None = None


class Unsure(Exception):
    """Nobody knows what became of it, or the server asks to try again. A sentence that begins with `failed` tells
    of an answer that a server must not give."""


class Denied(Exception):
    """Refused for good: the problem's name, and its document where one came."""

    def __init__(self, name: str, document: Json | None) -> None:
        super().__init__(name)
        self.name = name
        self.document = document


class Way(Protocol):
    @property
    def name(self) -> str: ...

    async def send(self, customer_id: int, command_id: str, wish: Wish) -> Answer:
        """Raises Unsure and Denied."""
        ...


def body_of(command_id: str, wish: Wish) -> dict[str, Any]:
    if isinstance(wish, Comment):
        seen = {} if wish.seen_offset is None else {"seen_offset": wish.seen_offset}
        return {"body": wish.body, "command_id": command_id, **seen}
    changes = {name: value for name, value in wish.changes.items() if not name.startswith("fields.")}
    fields = {name[7:]: value for name, value in wish.changes.items() if name.startswith("fields.")}
    strict = {"strict": True} if wish.strict else {}
    both = {**changes, "fields": fields} if fields else changes
    return {"base_version": wish.base_version, "changes": both, "command_id": command_id, **strict}


class ByHttp:
    name = "http"

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False)

    async def send(self, customer_id: int, command_id: str, wish: Wish) -> Answer:
        comment = isinstance(wish, Comment)
        path = f"/api/customers/{customer_id}" + ("/comments" if comment else "")
        try:
            response = await self.client.request("POST" if comment else "PATCH", path, json=body_of(command_id, wish))
        except httpx.HTTPError as error:
            raise Unsure(f"{type(error).__name__}: {error}") from None
        if response.is_success:
            found = response.json() if response.content else None
            action = found if comment or found is None else found["action"]
            return Answer(action, "Idempotency-Replayed" in response.headers)
        raise _judged(response)

    async def close(self) -> None:
        await self.client.aclose()


def _judged(response: httpx.Response) -> Unsure | Denied:
    try:
        document = response.json()
        name = document["type"].removeprefix("/problems/")
    except (ValueError, KeyError, TypeError):
        return Unsure(f"failed: {response.status_code} {response.text[:200]}")
    if name in TEMPORARY:
        return Unsure(name)
    return Unsure(f"failed: {response.status_code} {name}") if response.status_code >= 500 else Denied(name, document)


class Notices(ClientEventHandler):
    """Keeps the latest conflict documents, which come just before the error that they explain."""

    def __init__(self) -> None:
        self._latest: deque[Json] = deque(maxlen=50)

    async def on_publication(self, ctx: ServerPublicationContext) -> None:
        self.note(ctx.pub.data)

    def note(self, data: Json) -> None:
        if data["type"] == "conflict":
            self._latest.append(data)

    def document(self, command_id: str) -> Json | None:
        return next((n["problem"] for n in reversed(self._latest) if n["command_id"] == command_id), None)


class BySdk:
    name = "sdk"

    def __init__(self, socket_url: str, token: str) -> None:
        self.notices = Notices()
        self.client = Client(
            socket_url, token=token, events=self.notices, timeout=TIMEOUT, max_reconnect_delay=0.5, proxy=None
        )

    async def start(self) -> None:
        await self.client.connect()

    async def send(self, customer_id: int, command_id: str, wish: Wish) -> Answer:
        method = "comment.add" if isinstance(wish, Comment) else "customer.update"
        try:
            result = await self.client.rpc(method, {"customer_id": customer_id, **body_of(command_id, wish)})
        except ReplyError as error:
            raise judged(error.code, str(error), self.notices.document(command_id)) from None
        except CentrifugeError as error:
            raise Unsure(f"{type(error).__name__}: {error}") from None
        return Answer(result.data["action"])

    async def close(self) -> None:
        await self.client.disconnect()
        await asyncio.sleep(0)


def judged(code: int, message: str, document: Json | None) -> Unsure | Denied:
    """By the code of an error reply; `message` holds the name of the problem."""
    if code == 100:
        return Unsure(f"failed: {message}")
    if code in (111, 503) or code < 100:
        return Unsure(message)
    names = ("edit-conflict", "unseen-actions", "command-id-reused", "not-found", "base-missing")
    return Denied(next((name for name in names if name in message), message), document)


class ByBareProtocol:
    """Commands may be sent while others are under way; a connection that is gone is made anew at the next one."""

    name = "raw"

    def __init__(self, socket_url: str, token: str) -> None:
        self._url = socket_url
        self._token = token
        self._notices = Notices()
        self._socket: RawSocket | None = None
        self._connecting = asyncio.Lock()

    async def send(self, customer_id: int, command_id: str, wish: Wish) -> Answer:
        method = "comment.add" if isinstance(wish, Comment) else "customer.update"
        data = {"customer_id": customer_id, **body_of(command_id, wish)}
        try:
            socket = await self._connected()
        except (Gone, Rejected) as error:
            raise Unsure(f"not connected: {error}") from None
        try:
            result = await socket.request("rpc", {"method": method, "data": data}, TIMEOUT)
        except Rejected as error:
            raise judged(error.code, str(error), self._notices.document(command_id)) from None
        except Gone as error:
            raise Unsure(str(error)) from None
        return Answer(result["data"]["action"])

    async def _connected(self) -> RawSocket:
        async with self._connecting:
            if self._socket is None or self._socket.gone:
                await self.close()
                self._socket = await RawSocket.connected(self._url, self._token, self._pushed, TIMEOUT)
            return self._socket

    def _pushed(self, channel: str, kind: str, body: Json) -> None:
        if kind == "pub" and channel.startswith("agent:"):
            self._notices.note(body["data"])

    async def close(self) -> None:
        if self._socket is not None:
            with suppress(Gone, json.JSONDecodeError):
                await self._socket.close()
