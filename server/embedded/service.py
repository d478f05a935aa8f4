"""One service over its life: prepared, started, watched, started again when it dies, stopped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from server.embedded.errors import EmbeddedServicesError
from server.embedded.kept import KeptProcess, Order
from server.embedded.leftovers import end_processes_in

logger = logging.getLogger(__name__)

POLL = 0.004
SLOW_START = 3.0
LONGEST_START = 600.0  # after a crash PostgreSQL replays what it had not written yet
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
STEADY = 30.0


class Program(Protocol):
    """What differs between PostgreSQL and Redis."""

    @property
    def name(self) -> str:
        """In sentences for the operator."""
        ...

    @property
    def folder(self) -> Path:
        """Where the service works; it makes this its working directory."""

    async def prepare(self, lock: int, say: Callable[[str], None]) -> None:
        """Makes what the first start needs, and writes the settings."""

    def order(self) -> Order:
        """What the keeper is to start, and how to stop it."""
        ...

    def last_words(self) -> str:
        """The end of the newest log, for the sentence that says why a start failed."""

    def leftover_pid(self) -> int | None:
        """The main process that did not end in the orderly way and may still run; None if the last end was orderly."""

    def forget_leftovers(self) -> None:
        """Removes what an earlier process left behind and would stop the next; called when it is gone."""

    async def is_ready(self, pid: int) -> bool:
        """Whether it serves; `pid` is its process."""
        ...


class Service:
    """A program under supervision."""

    def __init__(self, program: Program, *, lock: int, say: Callable[[str], None]) -> None:
        self._program = program
        self._lock = lock
        self._say = say
        self._process: KeptProcess | None = None
        self._stopping = False

    @property
    def name(self) -> str:
        """The program's."""
        return self._program.name

    @property
    def pid(self) -> int | None:
        """The service's process, or None while there is none."""
        return None if self._process is None or self._process.ended else self._process.pid

    @property
    def keeper_pid(self) -> int | None:
        """The process that keeps the service's, or None while there is none."""
        return None if self._process is None or self._process.ended else self._process.keeper_pid

    async def start(self) -> None:
        """Returns when the service answers.

        :raises EmbeddedServicesError: it cannot be started; the sentence carries the end of its log.
        """
        await self._program.prepare(self._lock, self._say)
        await self._start_once()

    async def keep(self) -> None:
        """Starts the service again whenever it dies, until `stop` is called."""
        pause = FIRST_PAUSE
        while not self._stopping and self._process is not None:
            started = time.monotonic()
            code = await self._process.wait()
            if self._stopping:
                return
            logger.error("%s ended with code %d; starting it again", self.name, code)
            if time.monotonic() - started > STEADY:
                pause = FIRST_PAUSE
            try:
                await self._start_once()
            except (EmbeddedServicesError, OSError) as error:
                logger.error("%s", error)  # noqa: TRY400 # reason: a sentence for the operator, not a traceback
                await asyncio.sleep(pause)  # reason: what dies at once is not started in a loop
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                logger.warning("%s runs again as process %s", self.name, self.pid)

    async def stop(self) -> None:
        """Ends the program in its orderly way, and does not start it again."""
        self._stopping = True
        if self._process is not None:
            await self._process.stop()

    async def _start_once(self) -> None:
        order = self._program.order()
        leftover = self._program.leftover_pid()
        if leftover is not None:
            await end_processes_in(self._program.folder, leftover, order.stop)
            self._program.forget_leftovers()
        self._process = process = await KeptProcess.start(order, lock=self._lock)
        try:
            if self._stopping:  # `stop` came while the process was being made, and saw the one before
                await process.stop()
                return
            await self._answers(process)
        except BaseException:  # reason: also when cancelled, no process is left behind
            await process.stop()
            raise

    async def _answers(self, process: KeptProcess) -> None:
        started = time.monotonic()
        told = False
        while not await self._program.is_ready(process.pid):
            waited = time.monotonic() - started
            if process.ended:
                raise EmbeddedServicesError(f"{self.name} ended while it started. {self._program.last_words()}")
            if waited > LONGEST_START:
                raise EmbeddedServicesError(f"{self.name} does not answer. {self._program.last_words()}")
            if waited > SLOW_START and not told:
                told = True
                self._say(f"{self.name} is still starting; after a crash it first repairs its data")
            await asyncio.sleep(POLL)  # reason: a program tells only by answering that it is ready
