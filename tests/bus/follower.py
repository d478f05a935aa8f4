"""A process on the bus as the hub sees it: what arrived, and of which channels something may be missing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from channels.push import Push, PushKind
from channels.redis_broker import BusListener, RedisBroker
from tests.ground.eventually import eventually


@dataclass
class Follower:
    """`sent` and `missed` hold times, `seen` offsets, by channel."""

    broker: RedisBroker
    sent: dict[str, dict[int, float]] = field(default_factory=dict)
    seen: dict[str, list[int]] = field(default_factory=dict)
    missed: dict[str, list[float]] = field(default_factory=dict)
    signals: list[Push] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    absences: int = 0

    def listener(self) -> BusListener:
        return BusListener(self._received, self._missed, lambda _message: None, self.gone.append, self._absent)

    def _received(self, pushes: Sequence[Push]) -> None:
        for push in pushes:
            if push.kind is PushKind.PUBLICATION:
                self.seen.setdefault(push.channel, []).append(push.offset)
            else:
                self.signals.append(push)

    def _missed(self, channel: str) -> None:
        self.missed.setdefault(channel, []).append(time.monotonic())

    def _absent(self) -> None:
        self.absences += 1

    async def follow(self, channels: Iterable[str]) -> None:
        """Until each subscription is acknowledged; a busy machine may tell so late, which is told as `missed`."""
        names = list(channels)
        acknowledged = await asyncio.gather(*(self.broker.subscribe(channel) for channel in names))
        late = {name for name, soon in zip(names, acknowledged, strict=True) if not soon}
        await eventually(lambda: self.missed.keys() >= late, within=20, what="every channel is acknowledged")
        for name in late:
            del self.missed[name]

    def send(self, channel: str) -> int:
        """Publishes the channel's next offset."""
        sent = self.sent.setdefault(channel, {})
        offset = len(sent) + 1
        sent[offset] = time.monotonic()
        self.broker.publish([Push(PushKind.PUBLICATION, channel, orjson.dumps({"n": offset}), offset)])
        return offset


def silently_lost(sender: Follower, receiver: Follower) -> dict[str, list[int]]:
    """What did not arrive although nothing after it told that something may be missing: what the bus must not do."""
    lost: dict[str, list[int]] = {}
    for channel, sent in sender.sent.items():
        told = max(receiver.missed.get(channel, [0.0]))
        arrived = set(receiver.seen.get(channel, []))
        late = [offset for offset, when in sent.items() if offset not in arrived and when > told]
        if late:
            lost[channel] = late
    return lost


async def all_told(sender: Follower, receiver: Follower) -> None:
    """Waits until everything that was sent has arrived, or something after it told that it may not have."""

    def is_told() -> bool:
        return not silently_lost(sender, receiver)

    await eventually(is_told, what="what is lost is told")


def lost(sender: Follower, receiver: Follower) -> int:
    return sum(len(sent.keys() - set(receiver.seen.get(channel, []))) for channel, sent in sender.sent.items())


@asynccontextmanager
async def follower(url: str, prefix: str) -> AsyncIterator[Follower]:
    one = Follower(RedisBroker(url, prefix))
    running = asyncio.create_task(one.broker.run(one.listener()))
    try:
        await eventually(lambda: one.broker.connected, within=20, what="the bus is connected")
        yield one
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def pair(url: str, prefix: str, channels: list[str]) -> AsyncIterator[tuple[Follower, Follower]]:
    """One who sends and one who follows the channels."""
    async with follower(url, prefix) as sender, follower(url, prefix) as receiver:
        await receiver.follow(channels)
        yield sender, receiver


async def reaches(sender: Follower, receiver: Follower, channels: Iterable[str], within: float = 20) -> float:
    """Sends on each channel until something new arrives there; returns how long that took."""
    began = time.monotonic()
    open_channels = {channel: len(receiver.seen.get(channel, [])) for channel in channels}

    def all_arrive() -> bool:
        for channel in list(open_channels):
            if len(receiver.seen.get(channel, [])) > open_channels[channel]:
                del open_channels[channel]
            else:
                sender.send(channel)
        return not open_channels

    await eventually(all_arrive, within=within, what=f"messages arrive on {list(open_channels)[:3]}…")
    return time.monotonic() - began


class Sending:
    """Publishes on all channels in turn, every few milliseconds, until it is left."""

    def __init__(self, sender: Follower, channels: list[str]) -> None:
        self._sender = sender
        self._channels = channels
        self._task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            for channel in self._channels:
                self._sender.send(channel)
            await asyncio.sleep(0.002)

    async def __aexit__(self, *_error: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
