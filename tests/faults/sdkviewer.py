"""A viewer by the official client, in JSON or Protobuf: it reconnects, resubscribes and recovers by itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from centrifuge import (
    Client,
    ClientEventHandler,
    ConnectingContext,
    PublicationContext,
    ServerPublicationContext,
    ServerSubscribedContext,
    StreamPosition,
    SubscribedContext,
    SubscribingContext,
    SubscriptionEventHandler,
    UnsubscribedContext,
)

from tests.faults.viewers import TIMEOUT, Seat, Viewer, channel_of


class SdkViewer(Viewer):
    def __init__(self, seat: Seat, socket_url: str, *, protobuf: bool = False) -> None:
        super().__init__(seat.name, seat.history, seat.customers)
        self.inbox, self.keeper = seat.inbox, seat.keeper
        self._protobuf = protobuf
        self.client = Client(
            socket_url,
            token=seat.token,
            events=_Connection(self),
            timeout=TIMEOUT,
            max_reconnect_delay=0.5,
            proxy=None,
            use_protobuf=protobuf,
        )

    async def start(self) -> None:
        await self.client.connect()
        for customer_id in self.customers:
            subscription = self.client.new_subscription(
                channel_of(customer_id),
                events=_Customer(self, channel_of(customer_id)),
                get_state=self._state,
                max_resubscribe_delay=0.5,
            )
            await subscription.subscribe()
        assert self.keeper is not None
        listed = self.client.new_subscription(self.keeper.channel, events=_Work(self), max_resubscribe_delay=0.5)
        await listed.subscribe()

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


class _Connection(ClientEventHandler):
    """What the server subscribes it to: its agent's notices."""

    def __init__(self, viewer: SdkViewer) -> None:
        self._viewer = viewer

    async def on_connecting(self, ctx: ConnectingContext) -> None:
        assert self._viewer.inbox is not None
        self._viewer.lost(self._viewer.inbox, f"{ctx.code} {ctx.reason}")

    async def on_subscribed(self, ctx: ServerSubscribedContext) -> None:
        assert ctx.stream_position is not None
        offset, recovering, recovered = ctx.stream_position.offset, ctx.was_recovering, ctx.recovered
        self._viewer.subscribed(ctx.channel, offset, recovering=recovering, recovered=recovered)

    async def on_publication(self, ctx: ServerPublicationContext) -> None:
        if ctx.pub.offset:
            self._viewer.delivered(ctx.channel, ctx.pub.offset, self._viewer.read(ctx.pub.data))


class _Customer(SubscriptionEventHandler):
    def __init__(self, viewer: SdkViewer, channel: str) -> None:
        self._viewer = viewer
        self._channel = channel

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        assert ctx.stream_position is not None
        offset, recovering, recovered = ctx.stream_position.offset, ctx.was_recovering, ctx.recovered
        self._viewer.subscribed(self._channel, offset, recovering=recovering, recovered=recovered)

    async def on_subscribing(self, ctx: SubscribingContext) -> None:
        self._viewer.lost(self._channel, f"{ctx.code} {ctx.reason}")

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self._viewer.lost(self._channel, f"{ctx.code} {ctx.reason}")

    async def on_publication(self, ctx: PublicationContext) -> None:
        if ctx.pub.offset:
            self._viewer.delivered(self._channel, ctx.pub.offset, self._viewer.read(ctx.pub.data))


class _Work(SubscriptionEventHandler):
    def __init__(self, viewer: SdkViewer) -> None:
        assert viewer.keeper is not None
        self._viewer, self._keeper = viewer, viewer.keeper

    async def on_subscribed(self, _ctx: SubscribedContext) -> None:
        self._keeper.subscribed()

    async def on_subscribing(self, ctx: SubscribingContext) -> None:
        self._keeper.lost(f"{ctx.code} {ctx.reason}")

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self._keeper.lost(f"{ctx.code} {ctx.reason}")

    async def on_publication(self, ctx: PublicationContext) -> None:
        self._keeper.told(self._viewer.read(ctx.pub.data))
