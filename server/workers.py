"""Several processes on one listening socket, under a parent that replaces those that die."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog

from server.settings import Settings
from server.signals import DEADLINE, StopSignals

log = structlog.get_logger(__name__)

FAILED = 1
LAST_PATIENCE = DEADLINE - 1.5
"""Seconds that workers have to drain before they are killed, by their process ids."""

LONGEST_START = 30.0
"""Seconds that a new worker has until it serves, before a restart is given up."""

SHORT_LIFE = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


class WorkerDidNotStart(Exception):
    """A worker ended before it served anything; it has logged why."""


@dataclass(eq=False, slots=True)
class _Slot:
    """A place that always has a worker, until it is retired."""

    worker: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    retired: bool = False


class Workers:
    """`settings.workers` children that run `server.worker`. `on_ready` is called once, when all of them serve.

    SIGHUP restarts them one after the other, each when its successor serves. (Not under a terminal, whose end is
    a SIGHUP as well.)
    """

    def __init__(self, settings: Settings, sockets: list[socket.socket], on_ready: Callable[[], None]) -> None:
        self._settings = settings
        self._sockets = sockets
        self._on_ready = on_ready
        self._slots: list[_Slot] = []
        self._running: set[asyncio.subprocess.Process] = set()
        self._ready = 0
        self._served = False  # whether all of them ever did at once
        self._stop = asyncio.Event()
        self._restart = asyncio.Event()

    async def run_until_stopped(self, signals: StopSignals) -> int:
        """The exit code of the node: 0 after a signal, 1 where the first workers did not start."""
        code = 0
        with signals.stopping(self._stop.set), self._restarting():
            try:
                async with asyncio.TaskGroup() as tasks:
                    kept = [self._add(tasks) for _ in range(self._settings.workers)]
                    restarts = tasks.create_task(self._restart_when_asked(tasks), name="restarts")
                    await self._stop.wait()
                    await self._end_all()
                    for task in (restarts, *kept):
                        task.cancel()
            except* WorkerDidNotStart:
                await self._end_all()
                code = FAILED
        return code

    @contextmanager
    def _restarting(self) -> Iterator[None]:
        if sys.stderr.isatty():
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._restart.set)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGHUP)

    def _add(self, tasks: asyncio.TaskGroup) -> asyncio.Task[None]:
        slot = _Slot()
        self._slots.append(slot)
        return tasks.create_task(self._keep(slot), name="worker")

    # Restarting

    async def _restart_when_asked(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._restart.wait()
            self._restart.clear()
            log.info("restarting the workers, one after the other", workers=len(self._slots))
            for old in tuple(self._slots):
                self._add(tasks)
                if not await self._replaced_by(old, self._slots[-1]):
                    break
            else:
                log.info("all workers are new")

    async def _replaced_by(self, old: _Slot, new: _Slot) -> bool:
        """False where the new one does not serve: then the old ones stay."""
        try:
            await asyncio.wait_for(new.ready.wait(), LONGEST_START)
        except TimeoutError:
            log.error("a new worker does not start; the old ones stay")  # noqa: TRY400 # reason: the time is no news
            await self._retire(new)
            return False
        await self._retire(old)
        return True

    async def _retire(self, slot: _Slot) -> None:
        slot.retired = True
        self._slots.remove(slot)
        if slot.worker is not None:
            await _end([slot.worker])

    # Keeping

    async def _keep(self, slot: _Slot) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            started = time.monotonic()
            code = await self._run_one(slot)
            if self._stop.is_set() or slot.retired:
                return
            log.error("a worker died; starting another", code=code)
            if time.monotonic() - started > SHORT_LIFE:
                pause = FIRST_PAUSE
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run_one(self, slot: _Slot) -> int:
        """Starts a worker and waits for its end. Settings and secrets go through a pipe, which then is its lifeline:
        a worker whose parent was killed ends too."""
        descriptors = [one.fileno() for one in self._sockets]
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.worker", *map(str, descriptors)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C is for the parent, which tells the workers
        )
        assert worker.stdin is not None  # noqa: S101 # reason: asked for above
        assert worker.stdout is not None  # noqa: S101 # reason: asked for above
        self._running.add(worker)
        slot.worker = worker
        try:
            with suppress(ConnectionError):
                worker.stdin.write(self._settings.model_dump_json().encode() + b"\n")
                await worker.stdin.drain()
            ready = await worker.stdout.readline() == b"ready\n"
            if ready:
                slot.ready.set()
                self._count_ready()
            code = await worker.wait()
            if not ready and code > 0 and not self._served and not self._stop.is_set():
                raise WorkerDidNotStart  # the next one would fail in the same way
            return code
        finally:
            self._running.discard(worker)
            if worker.returncode is None:
                worker.kill()

    def _count_ready(self) -> None:
        self._ready += 1
        if self._ready == self._settings.workers:
            self._served = True
            self._on_ready()

    async def _end_all(self) -> None:
        await _end(tuple(self._running))


async def _end(workers: Collection[asyncio.subprocess.Process]) -> None:
    """Lets them drain, and kills those that do not end in time."""
    for worker in workers:
        with suppress(ProcessLookupError):
            worker.send_signal(signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*(worker.wait() for worker in workers)), LAST_PATIENCE)
    for worker in workers:
        if worker.returncode is None:
            log.error("a worker did not end in time", pid=worker.pid)
            worker.kill()
