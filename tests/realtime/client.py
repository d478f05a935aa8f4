"""The official Python SDK, with what it was told kept in lists. In Protobuf it hands on payloads as bytes of JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from centrifuge import (
    Client,
    ClientEventHandler,
    PublicationContext,
    ServerPublicationContext,
    SubscribedContext,
    Subscription,
    SubscriptionEventHandler,
    UnsubscribedContext,
)

from tests.ground.eventually import PATIENCE, eventually, turns


def value_of(payload: Any) -> Any:
    """The JSON value of a payload, in whichever codec it came."""
    return json.loads(payload) if isinstance(payload, bytes) else payload


class Watcher(SubscriptionEventHandler):
    """What one subscription was told."""

    def __init__(self) -> None:
        self.actions: list[dict[str, Any]] = []
        self.signals: list[dict[str, Any]] = []
        self.subscribed: list[SubscribedContext] = []
        self.unsubscribed: list[UnsubscribedContext] = []

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self.subscribed.append(ctx)

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self.unsubscribed.append(ctx)

    async def on_publication(self, ctx: PublicationContext) -> None:
        data = value_of(ctx.pub.data)
        if ctx.pub.offset:
            assert data["action"]["offset"] == ctx.pub.offset
            self.actions.append(data["action"])
        else:
            self.signals.append(data)

    @property
    def offsets(self) -> list[int]:
        return [action["offset"] for action in self.actions]

    async def sees(self, offset: int, within: float = PATIENCE) -> None:
        await eventually(lambda: offset in self.offsets, within=within, what=f"offset {offset} arrives")


class Inbox(ClientEventHandler):
    """What came on the agent's own channel."""

    def __init__(self) -> None:
        self.notices: list[dict[str, Any]] = []

    async def on_publication(self, ctx: ServerPublicationContext) -> None:
        self.notices.append(value_of(ctx.pub.data))


class Connected:
    """A connected SDK client."""

    def __init__(self, client: Client, inbox: Inbox, *, protobuf: bool = False) -> None:
        self.client = client
        self.inbox = inbox
        self._protobuf = protobuf

    async def watch(self, customer_id: int) -> tuple[Subscription, Watcher]:
        watcher = Watcher()
        subscription = self.client.new_subscription(f"customer:{customer_id}", events=watcher)
        await subscription.subscribe()
        await eventually(lambda: watcher.subscribed, what="subscribed")
        return subscription, watcher

    async def call(self, method: str, **data: Any) -> dict[str, Any]:
        result = await self.client.rpc(method, json.dumps(data).encode() if self._protobuf else data)
        answer: dict[str, Any] = value_of(result.data)
        return answer


@asynccontextmanager
async def connected(socket_url: str, token: str, *, protobuf: bool = False) -> AsyncIterator[Connected]:
    inbox = Inbox()
    client = Client(socket_url, token=token, events=inbox, use_protobuf=protobuf)
    await client.connect()
    try:
        await client.ready()
        yield Connected(client, inbox, protobuf=protobuf)
    finally:
        await client.disconnect()
        await turns()
