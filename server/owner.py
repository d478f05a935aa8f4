"""The owner of the process's tasks: nothing runs that nobody would miss."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

CANCEL_AGAIN = 0.25
"""Seconds that a cancelled task has to end."""


class Owner:
    """A TaskGroup whose death is told to `on_failure`, instead of hanging in the lifespan of the server.

    `tasks` is for work that ends by itself; `start` for what runs until the owner is left. Leaving waits
    for the work under way, so a write that was begun is finished.
    """

    def __init__(self) -> None:
        self.tasks = asyncio.TaskGroup()
        self.on_failure: Callable[[BaseException], None] = lambda _error: None
        self._forever: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._holder: asyncio.Task[None] | None = None

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` until the owner is left; that it ends before by an error is a failure."""
        self._forever.append(self.tasks.create_task(work, name=name))

    async def __aenter__(self) -> Owner:
        self._holder = asyncio.create_task(self._hold(), name="owner of the tasks")
        await self._ready.wait()
        return self

    async def _hold(self) -> None:
        """In a task of its own, so that a failure does not cancel the shutdown that it causes."""
        try:
            async with self.tasks:
                self._ready.set()
                await self._stop.wait()
                await self._cancel_all()
        except BaseExceptionGroup as error:
            self.on_failure(error)

    async def _cancel_all(self) -> None:
        """Cancels again whoever goes on: a library in between may have swallowed the first one."""
        running = set(self._forever)
        while running:
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN)

    async def __aexit__(self, *_error: object) -> None:
        self._stop.set()
        if self._holder is not None:
            await self._holder
