"""The Python SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    ReplyError,
    StreamPosition,
    Subscription,
    SubscriptionEventHandler,
    UnauthorizedError,
)

from tests.realtime.client import value_of
from tests.realtime.sdk.peer import NEVER, Event, Peer, PeerError

Tell = Callable[[str, Any], None]


def _handler(base: type, tell: Tell) -> Any:
    """An object that passes every event of `base` on."""

    def passing_on(name: str) -> Any:
        async def told(_self: Any, context: Any) -> None:
            tell(name, context)

        return told

    names = [name for name in vars(base) if name.startswith("on_")]
    return type("Handler", (base,), {name: passing_on(name.removeprefix("on_")) for name in names})()


class PythonPeer(Peer):
    def __init__(self, socket_url: str, tokens: list[str], *, protobuf: bool) -> None:
        super().__init__()
        self._protobuf = protobuf
        self._subscriptions: dict[str, Subscription] = {}

        async def get_token() -> str:
            if not tokens:
                raise UnauthorizedError("no token left")
            token = tokens.pop(0)
            if token == NEVER:
                await asyncio.Event().wait()
            return token

        self.client = Client(
            socket_url,
            events=_handler(ClientEventHandler, self._tell),
            token=tokens.pop(0) if tokens else "",
            get_token=get_token if tokens else None,
            use_protobuf=protobuf,
            min_reconnect_delay=0.05,
            max_reconnect_delay=0.5,
        )

    def _tell(self, name: str, context: Any, channel: str | None = None) -> None:
        told = {key: _plain(value) for key, value in vars(context).items()}
        told.update(told.pop("pub", None) or {})
        self.events.append(Event(name, channel or told.get("channel"), channel is None, told))

    async def connect(self) -> None:
        await self.client.connect()

    async def disconnect(self) -> None:
        await self.client.disconnect()

    async def subscribe(
        self,
        channel: str,
        *,
        join_leave: bool = False,
        since: tuple[int, str] | None = None,
        states: Sequence[tuple[int, str]] | None = None,
    ) -> None:
        assert since is None, "this SDK has no `since`"
        left = list(states or ())

        async def get_state(_channel: str) -> StreamPosition:
            self.events.append(Event("loading", channel, server_side=False))
            return StreamPosition(*left.pop(0))

        subscription = self._subscriptions[channel] = self.client.new_subscription(
            channel,
            events=_handler(SubscriptionEventHandler, lambda name, context: self._tell(name, context, channel)),
            join_leave=join_leave,
            get_state=None if states is None else get_state,
            min_resubscribe_delay=0.05,
            max_resubscribe_delay=0.5,
        )
        await subscription.subscribe()

    async def subscribe_again(self, channel: str) -> None:
        await self._subscriptions[channel].subscribe()

    async def unsubscribe(self, channel: str) -> None:
        await self._subscriptions[channel].unsubscribe()

    async def rpc(self, method: str, data: Any = None, **members: Any) -> Any:
        payload = members if data is None else data
        try:
            result = await self.client.rpc(method, json.dumps(payload).encode() if self._protobuf else payload)
        except ReplyError as error:
            raise PeerError(error.code, error.message) from None
        except CentrifugeError as error:
            raise PeerError(0, str(error)) from None
        return value_of(result.data)

    async def presence(self, channel: str) -> dict[str, Any]:
        found = await self._subscriptions[channel].presence()
        return {client: _plain(info) for client, info in found.clients.items()}

    async def presence_stats(self, channel: str) -> tuple[int, int]:
        found = await self._subscriptions[channel].presence_stats()
        return found.num_clients, found.num_users

    async def history(
        self, channel: str, *, limit: int, reverse: bool = False, since: tuple[int, str] | None = None
    ) -> list[int]:
        position = None if since is None else StreamPosition(*since)
        try:
            found = await self._subscriptions[channel].history(limit=limit, since=position, reverse=reverse)
        except ReplyError as error:
            raise PeerError(error.code, error.message) from None
        return [publication.offset for publication in found.publications]


def _plain(value: Any) -> Any:
    """Contexts and what is in them as JSON values."""
    if hasattr(value, "__dataclass_fields__"):
        return {key: _plain(item) for key, item in asdict(value).items()}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value_of(value)
