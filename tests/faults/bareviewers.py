"""Viewers by the bare protocol: over a WebSocket that may stop reading, and over streams with emulation."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

import httpx

from tests.faults.dialogue import Dialogue, Gone, Rejected
from tests.faults.history import Json
from tests.faults.lists import ListKeeper
from tests.faults.rawsocket import RawSocket
from tests.faults.rawstream import RawStream, StreamWays
from tests.faults.viewers import BREATH, TIMEOUT, Seat, Viewer, channel_of


class BareViewer(Viewer):
    def __init__(self, seat: Seat) -> None:
        super().__init__(seat.name, seat.history, seat.customers)
        self.inbox: str = seat.inbox
        self.keeper: ListKeeper = seat.keeper
        self.token = seat.token
        self.dialogue: Dialogue | None = None
        self._epoch = ""
        self._running: asyncio.Task[None] | None = None

    @abstractmethod
    async def connect(self, known: Json) -> Dialogue:
        """With the position in the inbox. Raises Gone and Rejected."""

    async def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name=self.name)

    async def _run(self) -> None:
        while True:
            try:
                self.dialogue = dialogue = await self.connect(self._known())
                self._greeted(dialogue.greeting)
                await self._follow_list(dialogue)
                for customer_id in self.customers:
                    await self._follow(dialogue, customer_id)
                await dialogue.ended()
                self.lost_all(dialogue.gone or "ended")
            except (Gone, Rejected) as error:
                self.lost_all(str(error))
            if self.dialogue is not None:
                self.dialogue.end("given up")
                await self.dialogue.close()
                self.dialogue = None
            await asyncio.sleep(BREATH)

    def _known(self) -> Json:
        if self.inbox not in self.positions:
            return {}
        return {self.inbox: {"recover": True, "offset": self.positions[self.inbox], "epoch": self._epoch}}

    def _greeted(self, greeting: Json) -> None:
        joined = greeting["subs"][self.inbox]
        self._epoch = joined["epoch"]
        self._joined(self.inbox, joined)

    async def _follow_list(self, dialogue: Dialogue) -> None:
        await dialogue.request("subscribe", {"channel": self.keeper.channel}, TIMEOUT)
        self.keeper.subscribed()

    async def _follow(self, dialogue: Dialogue, customer_id: int) -> None:
        channel = channel_of(customer_id)
        if channel not in self.positions:
            asked = {"method": "customer.get", "data": {"customer_id": customer_id}}
            answer = await dialogue.request("rpc", asked, TIMEOUT)
            self.snapshot(customer_id, answer["data"]["customer"])
        since = {"recover": True, "offset": self.positions[channel], "epoch": self._epoch}
        self._joined(channel, await dialogue.request("subscribe", {"channel": channel, **since}, TIMEOUT))

    def _joined(self, channel: str, result: Json) -> None:
        recovering, recovered = result.get("was_recovering", False), result.get("recovered", False)
        self.subscribed(channel, result.get("offset", 0), recovering=recovering, recovered=recovered)
        for publication in result.get("publications", []):
            self.delivered(channel, publication["offset"], publication["data"])

    def pushed(self, channel: str, kind: str, body: Json) -> None:
        if kind == "unsubscribe" and self.dialogue is not None:
            self.lost(channel, f"{body['code']} {body['reason']}")
            self.dialogue.abandon(f"{body['code']} {body['reason']}")
        elif kind == "pub" and channel == self.keeper.channel:
            self.keeper.told(body["data"])
        elif kind == "pub" and body.get("offset"):
            self.delivered(channel, body["offset"], body["data"])

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self.dialogue is not None:
            await self.dialogue.close()


class RawViewer(BareViewer):
    """May stop reading: `stall` and `read_on`."""

    def __init__(self, seat: Seat, socket_url: str) -> None:
        super().__init__(seat)
        self._url = socket_url

    async def connect(self, known: Json) -> Dialogue:
        return await RawSocket.connected(self._url, self.token, self.pushed, TIMEOUT, known)

    def stall(self) -> None:
        if isinstance(self.dialogue, RawSocket):
            self.dialogue.stop_reading()

    def read_on(self) -> None:
        if isinstance(self.dialogue, RawSocket):
            self.dialogue.read_on()


class StreamViewer(BareViewer):
    """Its commands may go to another node than the one that its stream comes from."""

    def __init__(self, seat: Seat, ways: StreamWays) -> None:
        super().__init__(seat)
        self._ways = ways
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(TIMEOUT, read=None), trust_env=False)

    async def connect(self, known: Json) -> Dialogue:
        return await RawStream.connected(self._http, self._ways, self.token, self.pushed, TIMEOUT, known)

    async def close(self) -> None:
        await super().close()
        await self._http.aclose()
