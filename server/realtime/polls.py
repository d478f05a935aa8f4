"""The requests that wait for news: they too end when their caller may not see it any more or the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from server.auth.authenticate import Caller
from server.auth.directory import DirectoryChange


class Polls:
    """The requests that wait for news of a customer."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[None], Caller] = {}

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def waiting(self, caller: Caller) -> Iterator[asyncio.Future[None]]:
        """A future that is set when the caller's rights change or the server stops; whoever waits then looks again."""
        changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[changed] = caller
        try:
            yield changed
        finally:
            del self._waiting[changed]

    def release(self) -> None:
        """The server is about to stop: nobody waits any longer."""
        for changed in self._waiting:
            if not changed.done():
                changed.set_result(None)

    def follow(self, change: DirectoryChange) -> None:
        """Those whose rights changed look again."""
        agents = change.deactivated | change.changed.keys()
        for changed, caller in self._waiting.items():
            concerned = caller.agent.id in agents or caller.login_id in change.ended_logins
            if concerned and not changed.done():
                changed.set_result(None)
