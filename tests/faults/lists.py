"""A viewer's list of assigned work: read over HTTP after each subscription and each `refresh`, and kept by `work:`."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx

from tests.faults.history import History, Json, ListAsked, ListRead, ListTold, Lost, Subscribed
from tests.faults.worklist import Worklist

BREATH = 0.1
"""Seconds before it is asked for again."""

PATIENCE = 5.0


class ListKeeper:
    """`url` is a way in of its own, so that what befalls it is not what befalls the viewer's connection."""

    def __init__(self, viewer: str, history: History, agent_id: int, url: str, token: str) -> None:
        self.channel = f"work:{agent_id}"
        self._viewer = viewer
        self._history = history
        self._list = Worklist()
        self._http = httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE, trust_env=False
        )
        self._reading: asyncio.Task[None] | None = None

    def subscribed(self) -> None:
        self._note(Subscribed(self._history.clock(), self._viewer, self.channel, 0, recovering=False, recovered=False))
        self._read_again()

    def told(self, data: Json) -> None:
        self._note(ListTold(self._history.clock(), self._viewer, self.channel, data))
        self._read_again()

    def lost(self, why: str) -> None:
        if self._list.live:
            self._note(Lost(self._history.clock(), self._viewer, self.channel, why))

    def has(self, customers: dict[int, Json]) -> bool:
        return self._list.true and self._list.rows == customers

    def state(self) -> str:
        rows = {number: row["offset"] for number, row in (self._list.rows or {}).items()}
        return f"{rows}{'' if self._list.true else ', which has to be read again'}"

    def _note(self, event: Subscribed | ListTold | ListAsked | ListRead | Lost) -> None:
        self._history.append(event)
        self._list.apply(event)

    def _read_again(self) -> None:
        if self._list.live and not self._list.true and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read(), name=f"{self._viewer} reads {self.channel}")

    async def _read(self) -> None:
        while self._list.live and not self._list.true:
            self._note(ListAsked(self._history.clock(), self._viewer, self.channel))
            with suppress(httpx.HTTPError, ValueError):
                customers = await assigned_to_me(self._http)
                self._note(ListRead(self._history.clock(), self._viewer, self.channel, customers))
                continue
            await asyncio.sleep(BREATH)

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        with suppress(httpx.HTTPError):
            await self._http.aclose()


async def assigned_to_me(http: httpx.AsyncClient) -> tuple[Json, ...]:
    """The customers of the caller's list, as `work:` tells of them. Raises httpx.HTTPError."""
    response = await http.get("/api/customers", params={"assigned_to": "me"})
    page = response.raise_for_status().json()
    return tuple({name: value for name, value in item.items() if name != "unread"} for item in page["items"])
