"""Who looks on. Each reads a snapshot of its customers, follows from there, comes back when it was cut off, and tells
the history all that it sees; those with a connection of their own also follow their agent's notices and list.

Here are what they have in common, and the one that has no connection: long polling over HTTP.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from tests.faults.history import Delivered, History, Json, Lost, Snapshot, Subscribed
from tests.faults.lists import ListKeeper

TIMEOUT = 5.0
"""Seconds: the SDK's own."""

BREATH = 0.1
"""Seconds before a viewer of ours tries again; the SDK has its own backoff."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What a viewer with a connection of its own is given. `inbox` is the channel of its agent's notices."""

    name: str
    history: History
    customers: list[int]
    keeper: ListKeeper
    inbox: str
    token: str


class Viewer(ABC):
    """`positions` is how far it has seen each channel's stream; `inbox` the channel of its agent's notices, if it
    follows them; `keeper` keeps its list, if it has one."""

    inbox: str | None = None
    keeper: ListKeeper | None = None

    def __init__(self, name: str, history: History, customers: list[int]) -> None:
        self.name = name
        self.customers = customers
        self.positions: dict[str, int] = {}
        self.following: set[str] = set()
        self.losses = 0
        self.witness: Callable[[int, int], None] = lambda _customer_id, _offset: None
        self._history = history

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...

    def snapshot(self, customer_id: int, customer: Json) -> None:
        self._history.append(Snapshot(self._history.clock(), self.name, customer_id, customer))
        self.positions[channel_of(customer_id)] = customer["offset"]

    def subscribed(self, channel: str, offset: int, *, recovering: bool, recovered: bool) -> None:
        at = self._history.clock()
        self._history.append(Subscribed(at, self.name, channel, offset, recovering, recovered))
        self.positions[channel] = offset
        self.following.add(channel)

    def delivered(self, channel: str, offset: int, data: Json) -> None:
        self._history.append(Delivered(self._history.clock(), self.name, channel, offset, data))
        self.positions[channel] = offset
        kind, _, number = channel.partition(":")
        if kind == "customer":
            self.witness(int(number), offset)

    def lost(self, channel: str, why: str) -> None:
        if channel in self.following:
            self.following.discard(channel)
            self.losses += 1
            self._history.append(Lost(self._history.clock(), self.name, channel, why))

    def lost_all(self, why: str) -> None:
        for channel in tuple(self.following):
            self.lost(channel, why)
        if self.keeper is not None:
            self.keeper.lost(why)

    def has(self, tops: dict[int, int]) -> bool:
        """Whether it follows all customers and has seen up to there."""
        return all(self.stands(channel_of(customer_id), tops.get(customer_id, 0)) for customer_id in self.customers)

    def state(self) -> str:
        """For whoever wonders what it lacks."""
        kept = "" if self.keeper is None else f", list {self.keeper.state()}"
        return f"follows {sorted(self.following)}, stands at {self.positions}{kept}"

    def stands(self, channel: str, top: int) -> bool:
        return channel in self.following and self.positions[channel] >= top


def channel_of(customer_id: int) -> str:
    return f"customer:{customer_id}"


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
        channel = channel_of(customer_id)
        while True:
            try:
                if channel not in self.positions:
                    self.snapshot(customer_id, await self._get(f"/api/customers/{customer_id}"))
                after = self.positions[channel]
                query = {"after": after, "limit": 100, "wait": 10 if channel in self.following else 0}
                page = await self._get(f"/api/customers/{customer_id}/actions", **query)
            except (httpx.HTTPError, ValueError) as error:
                self.lost(channel, f"{type(error).__name__}: {error}")
                await asyncio.sleep(BREATH)
                continue
            if channel not in self.following:
                self.subscribed(channel, after, recovering=True, recovered=True)
            for action in page["items"]:
                self.delivered(channel, action["offset"], {"action": action, "customer": changed(action)})

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
