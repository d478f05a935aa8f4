"""Commands for whoever keeps something in Redis and follows no channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from channels.broker.address import RedisAddress
from channels.broker.connection import CONNECT_TIMEOUT, UNAVAILABLE, Word
from channels.broker.fleet import Fleet
from channels.broker.lane import Message
from channels.broker.pipe import Errand

__all__ = ["UNAVAILABLE", "RedisCommands"]


class RedisCommands:
    """Made by `connected`. Opens a connection to a server when there is a command for it."""

    def __init__(self, address: RedisAddress) -> None:
        self._fleet = Fleet(address, self)

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str) -> AsyncIterator[Self]:
        """Waits a moment for a cluster or Sentinel to tell where the servers are."""
        commands = cls(RedisAddress.parse(url))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(commands._fleet.run(), name="redis commands")
            with suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await commands._fleet.found.wait()
            try:
                yield commands
            finally:
                running.cancel()

    async def ask(self, *command: Word, key: str) -> Any:
        """The answer to a command about a key; raises one of UNAVAILABLE."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._fleet.ask(Errand(command, key.encode(), done))
        return await done

    # A `Listener` that has nothing to hear

    def received(self, messages: Sequence[Message]) -> None: ...

    def subscribed(self, key: bytes) -> None: ...

    def disconnected(self, keys: Iterable[bytes]) -> None: ...

    def suspect(self) -> None:
        self._fleet.suspect()
