"""The bus over Redis pub/sub. The one file that imports redis.

Redis promises little here: messages are lost when a connection breaks, when an output buffer overflows or
when a key slot moves, mostly without an error. So every acknowledgement of a subscription that was
acknowledged before is reported to `resubscribed`, and the hub catches up from the stream.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from channels.push import Push

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT = 1.0
ACKNOWLEDGE_TIMEOUT = 1.0
HEARTBEAT = 1.0
SILENCE = 3.0
"""Seconds without a word, not even the answer to our ping, after which a connection counts as dead."""
RETRY_DELAYS = (0.05, 0.1, 0.25, 0.5, 1.0)
OUTGOING = 20_000
"""Messages that wait for Redis at most; older ones are dropped, the stream has them."""

UNAVAILABLE = (redis.RedisError, OSError, TimeoutError)

NODE_BYTES = 8
"""Each message starts with the random name of the process that sent it."""

CONTROL = "control"
"""The channel on which processes tell each other of accounts and logins that changed."""


class RedisBroker:
    """Publishes and subscribes below a prefix; the prefix holds the epoch, so that installations that share
    a Redis, and the histories of one, stay apart.

    Works while `run_publisher` and `run_subscriber` do.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._prefix = prefix.encode()
        self._node = secrets.token_bytes(NODE_BYTES)
        self._received: Callable[[Push], None] = _ignore
        self._resubscribed: Callable[[str], None] = _ignore
        self._controlled: Callable[[bytes], None] = _ignore
        self.client: Any = redis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_TIMEOUT,
            socket_timeout=SILENCE,
            retry=Retry(NoBackoff(), 0),
            single_connection_client=False,
            max_connections=20,
        )
        self._wanted: set[str] = {CONTROL}
        self._waiting: dict[str, asyncio.Future[bool]] = {}
        self._changes: deque[tuple[bool, str]] = deque()
        self._changed = asyncio.Event()
        self._outgoing: deque[tuple[bytes | str | int, ...]] = deque(maxlen=OUTGOING)
        self._outgoing_ready = asyncio.Event()
        self._connected = False

    @property
    def connected(self) -> bool:
        return self._connected

    # Publishing

    def publish(self, pushes: Sequence[Push]) -> None:
        for push in pushes:
            self.send(b"PUBLISH", self.key(push.channel), self._node + push.to_bus())

    def control(self, message: bytes) -> None:
        """Tells every process, this one as well."""
        self.send(b"PUBLISH", self.key(CONTROL), message)

    def send(self, *command: bytes | str | int) -> None:
        """Queues a command whose answer nobody waits for, in order with what is published."""
        self._outgoing.append(command)
        self._outgoing_ready.set()

    async def run_publisher(self) -> None:
        """Sends what was published, together with whatever else waits; ends only by cancellation."""
        while True:
            await self._outgoing_ready.wait()
            self._outgoing_ready.clear()
            batch = list(self._outgoing)
            self._outgoing.clear()
            try:
                pipeline = self.client.pipeline(transaction=False)
                for command in batch:
                    pipeline.execute_command(*command)
                await pipeline.execute()
            except UNAVAILABLE as error:
                # not sent again: it may have arrived, and the healers of the other processes find it
                log.warning("publishing failed", messages=len(batch), error=str(error) or type(error).__name__)

    # Subscribing

    def subscribe(self, channel: str) -> asyncio.Future[bool]:
        acknowledged: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._wanted.add(channel)
        if not self._connected:
            acknowledged.set_result(False)
            return acknowledged
        self._waiting[channel] = acknowledged
        asyncio.get_running_loop().call_later(ACKNOWLEDGE_TIMEOUT, _give_up, acknowledged)
        self._changes.append((True, channel))
        self._changed.set()
        return acknowledged

    def unsubscribe(self, channel: str) -> None:
        self._wanted.discard(channel)
        if (waiting := self._waiting.pop(channel, None)) is not None:
            _give_up(waiting)
        if self._connected:
            self._changes.append((False, channel))
            self._changed.set()

    async def run_subscriber(
        self,
        received: Callable[[Push], None],
        resubscribed: Callable[[str], None],
        controlled: Callable[[bytes], None],
    ) -> None:
        """Keeps a subscribed connection, for as long as it is not cancelled.

        Calls, synchronously: `received` with each push, `resubscribed` with each channel of which something
        may have been lost, `controlled` with what a process says to all.
        """
        self._received, self._resubscribed, self._controlled = received, resubscribed, controlled
        failures = 0
        while True:
            started = time.monotonic()
            try:
                await self._serve_connection()
            except* UNAVAILABLE as group:
                error = group.exceptions[0]
                log.warning("redis connection lost", error=str(error) or type(error).__name__)
            self._disconnected()
            failures = 0 if time.monotonic() - started > SILENCE else failures + 1
            await asyncio.sleep(RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)])

    async def _serve_connection(self) -> None:
        pubsub = self.client.pubsub()
        try:
            await pubsub.subscribe(self.key(CONTROL))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(pubsub), name="redis reader")
                tasks.create_task(self._write(pubsub), name="redis subscriptions")
        finally:
            with suppress(*UNAVAILABLE):
                await pubsub.aclose()

    async def _write(self, pubsub: Any) -> None:
        """Sends the changes of subscriptions and the heartbeats: the only writer of the connection."""
        self._changes.clear()
        await self._subscribe_all(pubsub, sorted(self._wanted - {CONTROL}))
        self._connected = True
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await self._changed.wait()
            self._changed.clear()
            if not self._changes:
                await pubsub.ping()
            while self._changes:
                final = {channel: wanted for wanted, channel in self._changes}
                self._changes.clear()
                await self._subscribe_all(pubsub, [channel for channel, wanted in final.items() if wanted])
                gone = [self.key(channel) for channel, wanted in final.items() if not wanted]
                if gone:
                    await pubsub.unsubscribe(*gone)

    async def _subscribe_all(self, pubsub: Any, channels: Sequence[str]) -> None:
        for start in range(0, len(channels), 1000):
            await pubsub.subscribe(*(self.key(channel) for channel in channels[start : start + 1000]))

    async def _read(self, pubsub: Any) -> None:
        while True:
            async with asyncio.timeout(SILENCE):
                message = await pubsub.get_message(timeout=None)
            if message is None:
                continue
            kind = message["type"]
            if kind == "message":
                self._handle(message["channel"], message["data"])
            elif kind == "subscribe":
                self._acknowledge(self._channel(message["channel"]))

    def _handle(self, key: bytes, payload: bytes) -> None:
        channel = self._channel(key)
        if channel == CONTROL:
            self._controlled(payload)
            return
        if payload.startswith(self._node):
            return  # the hub of this process delivered it before it was sent
        try:
            push = Push.from_bus(channel, payload[NODE_BYTES:])
        except ValueError:
            log.warning("not one of our messages", channel=channel)
            return
        self._received(push)

    def _acknowledge(self, channel: str) -> None:
        waiting = self._waiting.pop(channel, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(True)
        elif channel in self._wanted and channel != CONTROL:
            self._resubscribed(channel)

    def _disconnected(self) -> None:
        self._connected = False
        for waiting in self._waiting.values():
            _give_up(waiting)
        self._waiting.clear()

    def key(self, name: str) -> bytes:
        """A name below this installation's prefix."""
        return self._prefix + name.encode()

    def _channel(self, key: bytes) -> str:
        return key[len(self._prefix) :].decode()

    async def reachable(self) -> bool:
        """Whether Redis answers now."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self.client.ping()
        except UNAVAILABLE:
            return False
        return True

    async def close(self) -> None:
        with suppress(*UNAVAILABLE):
            await self.client.aclose()


def _give_up(waiting: asyncio.Future[bool]) -> None:
    if not waiting.done():
        waiting.set_result(False)


def _ignore(_message: object) -> None:
    """Before the subscriber runs."""
