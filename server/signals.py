"""SIGTERM and SIGINT over a process's whole life: what they stop changes as it gets on, the deadline does not."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

HANDLED = (signal.SIGTERM, signal.SIGINT)

DEADLINE = 9.0
"""Seconds from the first signal until the process ends in any case. What was acknowledged is in PostgreSQL."""

OVERDUE = 1


class StopSignals:
    """Use as `with StopSignals.handled() as signals`, in the task that a signal cancels while nothing else is set."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        self._stop: Callable[[], None] = self._cancel

    @classmethod
    @contextmanager
    def handled(cls) -> Iterator[Self]:
        """Handles the signals within the block, which has to be in the main thread."""
        signals = cls()
        # not the loop's own handlers: those wait for their turn, which in a blocked loop never comes
        before = {number: signal.signal(number, signals.receive) for number in HANDLED}
        try:
            yield signals
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Within the block a signal calls `stop`, each time."""
        before, self._stop = self._stop, stop
        try:
            yield
        finally:
            self._stop = before

    def receive(self, number: int, _frame: FrameType | None = None) -> None:
        """The signal's handler."""
        if self.received is None:
            self.received = number
            deadline = threading.Timer(DEADLINE, os._exit, (OVERDUE,))
            deadline.daemon = True
            deadline.start()
        self._loop.call_soon_threadsafe(self._now)

    def _now(self) -> None:
        """Asks only here what to stop: it may have changed since the signal came."""
        self._stop()

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()
