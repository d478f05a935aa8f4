"""The hub: the open channels of this process, and the two ways a publication reaches their receivers.

The fast way is the bus (or this process's own commit): `deliver`, synchronous, no await between the check
for a gap and the last write. The sure way is the stream: a gap, a new subscription on the bus and the
periodic `reconcile` read what is missing from it. What the bus loses, delays, repeats or reorders is seen
by nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from channels.errors import DatabaseUnavailable, PermissionDenied
from channels.feed import Feed
from channels.names import WORK_PREFIX, ChannelKind, ChannelName
from channels.portions import first_portion, hand_over
from channels.ports import Broker, Position, Stream, StreamPage, Subscriber, Viewer
from channels.push import Push, PushKind, signal

RECOVERY_PAGE = 300
"""Publications in the reply to a subscribe; what is missing beyond them follows it as pushes."""

CATCH_UP_PAGE = 500

MANY = 2_000
"""Open channels beyond which, while the bus is there, each call of `reconcile` looks at one half of them."""

GRACE = 0.05
"""Seconds that a publication which seems to be missing may still be on its way, before the stream is read."""


Later = Callable[..., object]
"""Calls a function with arguments after some seconds: the loop's `call_later`, or a test's."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to a subscribe: the position it starts from, and what was missed since the asked one.

    With `recovered`, `offset` is the asked one and `publications` lead on from it; otherwise `offset` is
    the channel's latest.
    """

    epoch: str
    offset: int
    recovered: bool
    publications: Sequence[Push] = ()


class Unrecoverable(Exception):
    """The asked position is not in this stream, and the caller wants no subscription then."""


class Hub:
    """`epoch` is the identity of the stream's history; every position is one of it."""

    def __init__(
        self, epoch: str, broker: Broker, stream: Stream, tasks: asyncio.TaskGroup, call_later: Later | None = None
    ) -> None:
        self.epoch = epoch
        self._broker = broker
        self._stream = stream
        self._tasks = tasks
        self._call_later = call_later or asyncio.get_running_loop().call_later
        self._feeds: dict[str, Feed] = {}
        self._listeners: dict[str, Callable[[Push], None]] = {}
        self._half = 0
        self.healed = 0  # publications that came by the stream and not by the bus

    @property
    def channels(self) -> int:
        return len(self._feeds)

    # Publishing and delivering

    def publish(self, pushes: Sequence[Push]) -> None:
        """Delivers to the receivers of this process at once, and hands on to the other processes."""
        self.deliver(*pushes)
        self._broker.publish(pushes)

    def deliver(self, *pushes: Push) -> None:
        """Publications of one channel that come together, one after the other, go out together."""
        for (channel, numbered), together in groupby(pushes, _stream_of):
            feed = self._feeds.get(channel)
            if feed is None:
                if (listener := self._listeners.get(channel)) is not None:
                    for push in together:
                        listener(push)
            elif numbered:
                publications = tuple(together)
                if feed.accept(publications):
                    self._later(feed, max(push.offset for push in publications))
            else:
                for push in together:
                    if feed.name.recoverable or feed.is_news(push):
                        feed.broadcast(push)

    def listen(self, channel: str, listener: Callable[[Push], None]) -> asyncio.Future[bool]:
        """Hears a channel on which processes speak to each other, for good. True once the bus acknowledged."""
        self._listeners[channel] = listener
        return self._broker.subscribe(channel)

    # Joining and leaving

    async def join(
        self,
        receiver: Subscriber,
        name: ChannelName,
        since: Position | None,
        answer: Callable[[Joined], None],
        *,
        reject_unrecovered: bool = False,
        curious: bool = False,
    ) -> None:
        """Subscribes a receiver: `answer` is called once, before anything of the channel is delivered.

        A `curious` one is told of joins and leaves as well.

        Nothing is awaited between the last look at what was missed and going live, so there is neither a gap
        nor a repetition. Raises PermissionDenied, Unrecoverable, DatabaseUnavailable: then nothing was
        answered.
        """
        feed = self._open(name)
        feed.joining += 1
        try:
            await self._acknowledged(feed)
            if not name.recoverable:
                answer(Joined(self.epoch, 0, recovered=False))
                feed.admit(receiver, None, curious=curious)
                return
            joined = self._join_from_memory(feed, receiver.viewer, since)
            if joined is None:
                joined = await self._join_from_stream(feed, receiver.viewer, since)
            if since is not None and not joined.recovered and reject_unrecovered:
                raise Unrecoverable
            joined = replace(joined, publications=first_portion(joined.publications))
            answer(joined)
            position = joined.publications[-1].offset if joined.publications else joined.offset
            await self._follow(feed, receiver, position, curious=curious)
        finally:
            feed.joining -= 1
            self._close_unused(feed)

    def _join_from_memory(self, feed: Feed, viewer: Viewer, since: Position | None) -> Joined | None:
        """An answer without a query, for a channel that is open and a position that is fresh."""
        if feed.offset is None:
            return None
        if feed.name.kind is ChannelKind.CUSTOMER and not viewer.agent.may_see(feed.assigned_to, viewer.visibility):
            return None  # the stream knows better, if this is out of date
        if since is None:
            return Joined(self.epoch, feed.offset, recovered=False)
        if since.epoch not in ("", self.epoch) or since.offset > feed.offset:
            return None
        missed = feed.tail(since.offset)
        if missed is None or len(missed) > RECOVERY_PAGE:
            return None
        return Joined(self.epoch, since.offset, recovered=True, publications=missed)

    async def _join_from_stream(self, feed: Feed, viewer: Viewer, since: Position | None) -> Joined:
        after = None if since is None else since.offset
        page = await self._stream.read(feed.name, viewer, after, RECOVERY_PAGE)
        self._settle(feed, page)
        top = max(page.top, feed.offset or 0)
        if since is None or since.epoch not in ("", page.epoch) or since.offset > top:
            return Joined(page.epoch, top, recovered=False)
        return Joined(page.epoch, since.offset, recovered=True, publications=page.pushes)

    async def _follow(self, feed: Feed, receiver: Subscriber, position: int, *, curious: bool) -> None:
        """Delivers what follows a position until memory reaches it, then goes live in the same breath."""
        while True:
            missing: Sequence[Push] | None = feed.tail(position)
            if missing is None:
                await receiver.drained()
                page = await self._stream.read(feed.name, receiver.viewer, position, CATCH_UP_PAGE)
                self._settle(feed, page)
                missing = page.pushes
            elif not missing:
                feed.admit(receiver, position, curious=curious)
                return
            position = await hand_over(receiver, missing)

    def leave(self, receiver: Subscriber, channel: str) -> None:
        feed = self._feeds.get(channel)
        if feed is not None:
            feed.dismiss(receiver)
            self._close_unused(feed)

    async def wait_for_news(
        self, name: ChannelName, after: int, limit: float, news: asyncio.Future[None] | None = None
    ) -> None:
        """Returns when the channel has a publication after an offset, when `news` is set, or after `limit` seconds."""
        feed = self._open(name)
        news = news or asyncio.get_running_loop().create_future()
        feed.waiters.add(news)
        try:
            async with asyncio.timeout(limit):
                await asyncio.wait((self._acknowledgement(feed), news), return_when=asyncio.FIRST_COMPLETED)
                if feed.offset is None and not news.done():
                    self._settle(feed, await self._stream.read(name, None, None, 0))
                if (feed.offset or 0) <= after:
                    await news
        except (TimeoutError, PermissionDenied):
            return
        finally:
            feed.waiters.discard(news)
            self._close_unused(feed)

    def _open(self, name: ChannelName) -> Feed:
        feed = self._feeds.get(str(name))
        if feed is None:
            feed = self._feeds[str(name)] = Feed(name)
        return feed

    async def _acknowledged(self, feed: Feed) -> None:
        """Waits until the bus confirmed the subscription, or is known to be away: then the healer serves."""
        acknowledgement = self._acknowledgement(feed)
        if not acknowledgement.done():
            await asyncio.shield(acknowledgement)

    def _acknowledgement(self, feed: Feed) -> asyncio.Future[bool]:
        if feed.subscribed is None:
            feed.subscribed = self._broker.subscribe(feed.channel)
        return feed.subscribed

    def _settle(self, feed: Feed, page: StreamPage) -> None:
        if feed.offset is None:
            feed.assigned_to = page.assigned_to
            feed.settle(page.top)

    def _close_unused(self, feed: Feed) -> None:
        if feed.unused and self._feeds.get(feed.channel) is feed:
            del self._feeds[feed.channel]
            self._broker.unsubscribe(feed.channel)

    # Healing

    def missed(self, channel: str) -> None:
        """Something of the channel may have been lost: the bus acknowledged a subscription anew, or saw a gap."""
        feed = self._feeds.get(channel)
        if feed is None:
            return
        if not feed.name.recoverable:
            feed.broadcast(signal(feed.name, {"type": "refresh"}))
        elif feed.offset is not None:
            self._start_catching_up(feed)

    def refresh_lists(self) -> None:
        """A process that had committed may have died before it told anybody: the lists are read again."""
        for feed in tuple(self._feeds.values()):
            if not feed.name.recoverable:
                self.missed(feed.channel)

    def recheck(self) -> None:
        """Roles have changed: ends the subscriptions of those who may not see what they follow any more."""
        for feed in tuple(self._feeds.values()):
            if feed.name.kind is ChannelKind.CUSTOMER and feed.offset is not None:
                feed.dismiss_unentitled()
                self._close_unused(feed)

    async def reconcile(self) -> str:
        """Compares the open channels with the stream, and starts to catch up where one is behind.

        Returns the stream's epoch. Called twice a second; it finds what a crash between commit and publish, or
        a bus that lost a message without a word, has left undelivered.
        """
        positions = [(feed.name, feed.offset) for feed in self._feeds.values() if feed.offset is not None]
        if len(positions) > MANY and self._broker.connected:
            self._half ^= 1
            positions = [position for position in positions if position[0].id % 2 == self._half]
        epoch, tops = await self._stream.ahead(positions)
        if epoch == self.epoch:
            for channel, top in tops.items():
                feed = self._feeds.get(channel)
                if feed is not None and feed.offset is not None and feed.offset < top:
                    self._later(feed, top)
        return epoch

    def _later(self, feed: Feed, target: int) -> None:
        """Reads the stream unless what is missing arrives within the grace."""
        self._call_later(GRACE, self._catch_up_if_behind, feed, target)

    def _catch_up_if_behind(self, feed: Feed, target: int) -> None:
        if feed.offset is not None and feed.offset < target:
            self._start_catching_up(feed)

    def _start_catching_up(self, feed: Feed) -> None:
        if not feed.catching_up and self._feeds.get(feed.channel) is feed:
            feed.catching_up = True
            self._tasks.create_task(self._catch_up(feed), name=f"catch up {feed.channel}")

    def _refresh_lists_of(self, agents: set[int | None]) -> None:
        """What was lost of a customer's channel was most likely lost of its assignee's list as well."""
        for agent_id in agents - {None}:
            self.missed(f"{WORK_PREFIX}{agent_id}")

    async def _catch_up(self, feed: Feed) -> None:
        try:
            while feed.offset is not None and self._feeds.get(feed.channel) is feed:
                page = await self._stream.read(feed.name, None, feed.offset, CATCH_UP_PAGE)
                before, assigned_to = feed.offset, feed.assigned_to
                self.deliver(*page.pushes)
                if feed.offset > before:
                    self.healed += feed.offset - before
                    self._refresh_lists_of({assigned_to, feed.assigned_to})
                if feed.offset >= page.top or not page.pushes:
                    return
        except (DatabaseUnavailable, PermissionDenied):
            return  # the next reconcile tries again
        finally:
            feed.catching_up = False


def _stream_of(push: Push) -> tuple[str, bool]:
    return push.channel, push.kind is PushKind.PUBLICATION
