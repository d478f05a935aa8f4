"""A lane: one connection that keeps channels subscribed at one server, for as long as it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import structlog

from channels.broker.address import Endpoint, RedisAddress
from channels.broker.connection import UNAVAILABLE, Command, RedisConnection, ReplyError, connect

log = structlog.get_logger(__name__)

HEARTBEAT = 1.0
SILENCE = 3.0
"""Seconds without a word, not even the answer to our ping, after which a connection counts as dead."""

RETRY_DELAYS = (0.05, 0.1, 0.25, 0.5, 1.0)

AT_ONCE = 1000
"""Channels in one SUBSCRIBE."""


Message: TypeAlias = tuple[bytes, bytes]
"""A key, and what was published under it."""


class Listener(Protocol):
    """What a lane tells; all synchronous."""

    def received(self, messages: Sequence[Message]) -> None:
        """What came together, in order."""
        ...

    def subscribed(self, key: bytes) -> None:
        """From now on messages arrive; before, some may not have."""
        ...

    def disconnected(self, keys: Iterable[bytes]) -> None: ...

    def suspect(self) -> None:
        """Something says that the servers are not where they were."""
        ...


class Lane:
    """`sharded`: by SSUBSCRIBE, which the cluster refuses where the channel is another shard's."""

    def __init__(self, endpoint: Endpoint, address: RedisAddress, listener: Listener, *, sharded: bool) -> None:
        self.endpoint = endpoint
        self.sharded = sharded
        self.connected = False
        self.failed = False  # since it was last connected
        self.keys: dict[bytes, bool] = {}  # whether it is acknowledged
        self._address = address
        self._listener = listener
        self._connection: RedisConnection | None = None
        self._changed: set[bytes] = set()
        self._lost = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def add(self, key: bytes) -> None:
        """Subscribes; again, where it is subscribed already."""
        self.keys[key] = False
        self._change(key)

    def remove(self, key: bytes) -> None:
        if self.keys.pop(key, None) is not None:
            self._change(key)

    def repeat(self) -> None:
        """Asks again for what is not acknowledged: the server may have refused it while a slot was moving."""
        for key, acknowledged in self.keys.items():
            if not acknowledged:
                self._change(key)

    def _change(self, key: bytes) -> None:
        if not self.connected:
            return  # all of them are subscribed when it is
        if not self._changed:
            self._loop.call_soon(self._write_changes)
        self._changed.add(key)

    def _write_changes(self) -> None:
        """All changes of one turn of the loop in one write: thousands of viewers may come and go together."""
        changed, self._changed = self._changed, set()
        if self._connection is None or not self.connected:
            return
        gone = [key for key in changed if key not in self.keys]
        wanted = [key for key in changed if key in self.keys]
        self._connection.write([*self._commands("UNSUBSCRIBE", gone), *self._commands("SUBSCRIBE", wanted)])

    def _commands(self, word: str, keys: list[bytes]) -> list[Command]:
        if self.sharded:
            return [(f"S{word}", key) for key in keys]  # several in one command would have to share a slot
        return [(word, *keys[start : start + AT_ONCE]) for start in range(0, len(keys), AT_ONCE)]

    # Life

    async def run(self) -> None:
        """Connects again and again; ends by cancellation alone."""
        failures = 0
        while True:
            started = self._loop.time()
            try:
                await self._serve()
            except UNAVAILABLE as error:
                log.warning(
                    "redis connection lost", server=str(self.endpoint), error=str(error) or type(error).__name__
                )
            finally:
                self._disconnect()
            self.failed = True
            self._listener.suspect()
            failures = 0 if self._loop.time() - started > SILENCE else failures + 1
            await asyncio.sleep(RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)])  # reason: the server is away

    async def _serve(self) -> None:
        self._lost.clear()
        credentials = self._address.credentials
        connection = await connect(self.endpoint, self._address, credentials, pushed=self._pushed, lost=self._lost.set)
        self._connection = connection
        self.connected, self.failed = True, False
        connection.write([*self._commands("SUBSCRIBE", list(self.keys)), ("PING",)])
        while not await self._lost_within(HEARTBEAT):
            if self._loop.time() - connection.heard > SILENCE:
                raise TimeoutError("redis is silent")
            connection.write([("PING",)])
        raise ConnectionResetError("redis closed the connection")

    async def _lost_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._lost.wait()
        except TimeoutError:
            return False
        return True

    def _disconnect(self) -> None:
        self.connected = False
        if self._connection is not None:
            self._connection.abort()
            self._connection = None
        for key in self.keys:
            self.keys[key] = False
        self._listener.disconnected(self.keys)

    def _pushed(self, replies: list[Any]) -> None:
        messages: list[Message] = []
        for reply in replies:
            if isinstance(reply, list) and reply[0] in (b"message", b"smessage"):
                messages.append((reply[1], reply[2]))
                continue
            if messages:
                self._listener.received(messages)
                messages = []
            self._told(reply)
        if messages:
            self._listener.received(messages)

    def _told(self, reply: Any) -> None:
        if isinstance(reply, ReplyError):
            log.info("redis refused a subscription", server=str(self.endpoint), error=str(reply))
            self._listener.suspect()
            return
        if not isinstance(reply, list):
            return  # the answer to a ping before anything is subscribed
        match reply[0]:
            case b"subscribe" | b"ssubscribe" if reply[1] in self.keys:
                self.keys[reply[1]] = True
                self._listener.subscribed(reply[1])
            case b"sunsubscribe" if reply[1] in self.keys:
                # unasked: the slot moved away (or asked for, and wanted again since: then the answer to that follows)
                self.keys[reply[1]] = False
                self._listener.suspect()
