"""SIGTERM and SIGINT over a process's whole life: what they stop changes as it gets on, the deadline does not."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

DEADLINE = 9.0
"""Seconds from the first signal until the process ends in any case. What was acknowledged is in PostgreSQL."""

OVERDUE = 1


class StopSignals:
    """Use as `with StopSignals.handled() as signals`, in the task that a signal cancels while nothing else is set."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._main = asyncio.current_task()
        self._stop: Callable[[], None] = self._cancel

    @classmethod
    @contextmanager
    def handled(cls) -> Iterator[Self]:
        signals = cls()
        if sys.platform == "win32":
            yield signals
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, signals.receive, number)
        try:
            yield signals
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Within the block a signal calls `stop`, each time."""
        before, self._stop = self._stop, stop
        try:
            yield
        finally:
            self._stop = before

    def receive(self, number: int) -> None:
        if self.received is None:
            self.received = number
            deadline = threading.Timer(DEADLINE, os._exit, (OVERDUE,))
            deadline.daemon = True  # a thread, because a blocked event loop calls nothing
            deadline.start()
        self._stop()

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()
