"""Who looks on: by the official SDK, by the bare protocol, and by long polling over HTTP.

Each reads a snapshot of its customers, follows from there, comes back when it was cut off, and tells the history all
that it sees.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from centrifuge import (
    Client,
    PublicationContext,
    StreamPosition,
    SubscribedContext,
    SubscribingContext,
    SubscriptionEventHandler,
    UnsubscribedContext,
)

from tests.faults.history import Delivered, History, Json, Lost, Snapshot, Subscribed
from tests.faults.rawsocket import Gone, RawSocket, Rejected

TIMEOUT = 5.0
"""Seconds: the SDK's own."""

BREATH = 0.1
"""Seconds before a viewer of ours tries again; the SDK has its own backoff."""


class Viewer(ABC):
    """`positions` is how far it has seen each customer; `home` where its door leads."""

    def __init__(self, name: str, history: History, customers: list[int]) -> None:
        self.name = name
        self.customers = customers
        self.positions: dict[int, int] = {}
        self.following: set[int] = set()
        self.losses = 0
        self.witness: Callable[[int, int], None] = lambda _customer_id, _offset: None
        self._history = history

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...

    def snapshot(self, customer_id: int, customer: Json) -> None:
        self._history.append(Snapshot(self._history.clock(), self.name, customer_id, customer))
        self.positions[customer_id] = customer["offset"]

    def subscribed(self, customer_id: int, offset: int, *, recovering: bool, recovered: bool) -> None:
        at = self._history.clock()
        self._history.append(Subscribed(at, self.name, customer_id, offset, recovering, recovered))
        self.following.add(customer_id)

    def delivered(self, customer_id: int, offset: int, data: Json) -> None:
        self._history.append(Delivered(self._history.clock(), self.name, customer_id, offset, data))
        self.positions[customer_id] = offset
        self.witness(customer_id, offset)

    def lost(self, customer_id: int, why: str) -> None:
        if customer_id in self.following:
            self.following.discard(customer_id)
            self.losses += 1
            self._history.append(Lost(self._history.clock(), self.name, customer_id, why))

    def lost_all(self, why: str) -> None:
        for customer_id in tuple(self.following):
            self.lost(customer_id, why)

    def has(self, tops: dict[int, int]) -> bool:
        """Whether it follows everything and has seen up to there."""
        return all(c in self.following and self.positions[c] >= tops.get(c, 0) for c in self.customers)


class SdkViewer(Viewer):
    """The official client, in JSON or Protobuf: it reconnects, resubscribes and recovers by itself."""

    def __init__(
        self, name: str, history: History, customers: list[int], socket_url: str, token: str, *, protobuf: bool = False
    ) -> None:
        super().__init__(name, history, customers)
        self._protobuf = protobuf
        self.client = Client(
            socket_url, token=token, timeout=TIMEOUT, max_reconnect_delay=0.5, proxy=None, use_protobuf=protobuf
        )

    async def start(self) -> None:
        await self.client.connect()
        for customer_id in self.customers:
            subscription = self.client.new_subscription(
                f"customer:{customer_id}",
                events=_SdkEvents(self, customer_id),
                get_state=self._state,
                max_resubscribe_delay=0.5,
            )
            await subscription.subscribe()

    async def _state(self, channel: str) -> StreamPosition:
        customer_id = int(channel.partition(":")[2])
        asked = {"customer_id": customer_id}
        result = await self.client.rpc("customer.get", json.dumps(asked).encode() if self._protobuf else asked)
        answer = self.read(result.data)
        self.snapshot(customer_id, answer["customer"])
        return StreamPosition(answer["offset"], answer["epoch"])

    def read(self, payload: Any) -> Any:
        """A payload, which Protobuf carries as the bytes of its JSON."""
        return json.loads(payload) if self._protobuf else payload

    async def close(self) -> None:
        await self.client.disconnect()
        await asyncio.sleep(0)


class _SdkEvents(SubscriptionEventHandler):
    def __init__(self, viewer: SdkViewer, customer_id: int) -> None:
        self._viewer = viewer
        self._customer_id = customer_id

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        assert ctx.stream_position is not None
        self._viewer.subscribed(
            self._customer_id, ctx.stream_position.offset, recovering=ctx.was_recovering, recovered=ctx.recovered
        )

    async def on_subscribing(self, ctx: SubscribingContext) -> None:
        self._viewer.lost(self._customer_id, f"{ctx.code} {ctx.reason}")

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self._viewer.lost(self._customer_id, f"{ctx.code} {ctx.reason}")

    async def on_publication(self, ctx: PublicationContext) -> None:
        if ctx.pub.offset:
            self._viewer.delivered(self._customer_id, ctx.pub.offset, self._viewer.read(ctx.pub.data))


class RawViewer(Viewer):
    """The bare protocol, which may stop reading: `stall` and `read_on`."""

    def __init__(self, name: str, history: History, customers: list[int], socket_url: str, token: str) -> None:
        super().__init__(name, history, customers)
        self._url = socket_url
        self._token = token
        self._epoch = ""
        self._socket: RawSocket | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name=self.name)

    def stall(self) -> None:
        if self._socket is not None:
            self._socket.stop_reading()

    def read_on(self) -> None:
        if self._socket is not None:
            self._socket.read_on()

    async def _run(self) -> None:
        while True:
            try:
                self._socket = await RawSocket.connected(self._url, self._token, self._pushed, TIMEOUT)
                for customer_id in self.customers:
                    await self._follow(self._socket, customer_id)
                await self._socket.ended
                self.lost_all(self._socket.gone or "ended")
            except (Gone, Rejected) as error:
                self.lost_all(str(error))
            if self._socket is not None:
                await self._socket.close()
                self._socket = None
            await asyncio.sleep(BREATH)

    async def _follow(self, socket: RawSocket, customer_id: int) -> None:
        if customer_id not in self.positions:
            answer = await socket.request(
                "rpc", {"method": "customer.get", "data": {"customer_id": customer_id}}, TIMEOUT
            )
            self._epoch = answer["data"]["epoch"]
            self.snapshot(customer_id, answer["data"]["customer"])
        since = {"recover": True, "offset": self.positions[customer_id], "epoch": self._epoch}
        result = await socket.request("subscribe", {"channel": f"customer:{customer_id}", **since}, TIMEOUT)
        self.subscribed(
            customer_id, result["offset"], recovering=result["was_recovering"], recovered=result.get("recovered", False)
        )
        for publication in result.get("publications", []):
            self.delivered(customer_id, publication["offset"], publication["data"])

    def _pushed(self, channel: str, kind: str, body: Json) -> None:
        name, _, number = channel.partition(":")
        if name != "customer":
            return
        if kind == "unsubscribe" and self._socket is not None:
            self.lost(int(number), f"{body['code']} {body['reason']}")
            self._socket.abandon(f"{body['code']} {body['reason']}")
        elif kind == "pub" and body.get("offset"):
            self.delivered(int(number), body["offset"], body["data"])

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()


class PollingViewer(Viewer):
    """The REST fallback: asks `after` its last offset and waits for the answer."""

    def __init__(self, name: str, history: History, customers: list[int], url: str, token: str) -> None:
        super().__init__(name, history, customers)
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT + 10, trust_env=False)
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._running = [asyncio.create_task(self._poll(c), name=f"{self.name} {c}") for c in self.customers]

    async def _poll(self, customer_id: int) -> None:
        while True:
            try:
                if customer_id not in self.positions:
                    self.snapshot(customer_id, await self._get(f"/api/customers/{customer_id}"))
                after = self.positions[customer_id]
                query = {"after": after, "limit": 100, "wait": 10 if customer_id in self.following else 0}
                page = await self._get(f"/api/customers/{customer_id}/actions", **query)
            except (httpx.HTTPError, ValueError) as error:
                self.lost(customer_id, f"{type(error).__name__}: {error}")
                await asyncio.sleep(BREATH)
                continue
            if customer_id not in self.following:
                self.subscribed(customer_id, after, recovering=True, recovered=True)
            for action in page["items"]:
                self.delivered(customer_id, action["offset"], {"action": action, "customer": changed(action)})

    async def _get(self, path: str, **query: Any) -> Any:
        response = await self._client.get(path, params=query)
        response.raise_for_status()
        return response.json()

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        with suppress(httpx.HTTPError):
            await self._client.aclose()


def changed(action: Json) -> dict[str, Any]:
    """What an action made of its customer, as a publication would tell it."""
    if action["kind"] in ("comment", "comment_edited", "comment_deleted"):
        return {}
    values: dict[str, Any] = {}
    for name, change in action["changes"].items():
        if name.startswith("fields."):
            values.setdefault("fields", {})[name.removeprefix("fields.")] = change["to"]
        else:
            values[name] = change["to"]
    return {**values, "version": action["version"], "updated_at": action["created_at"]}
