"""Several processes on one listening socket, under a parent that replaces those that die."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from server.settings import Settings
from server.signals import DEADLINE, StopSignals

log = structlog.get_logger(__name__)

FAILED = 1
LAST_PATIENCE = DEADLINE - 1.5
"""Seconds that workers have to drain before they are killed, by their process ids."""

SHORT_LIFE = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


class WorkerDidNotStart(Exception):
    """A worker ended before it served anything; it has logged why."""


class Workers:
    """`settings.workers` children that run `server.worker`. `on_ready` is called once, when all of them serve."""

    def __init__(self, settings: Settings, sockets: list[socket.socket], on_ready: Callable[[], None]) -> None:
        self._settings = settings
        self._sockets = sockets
        self._on_ready = on_ready
        self._running: set[asyncio.subprocess.Process] = set()
        self._ready = 0
        self._served = False  # whether all of them ever did at once
        self._stop = asyncio.Event()

    async def run_until_stopped(self, signals: StopSignals) -> int:
        """The exit code of the node: 0 after a signal, 1 where the first workers did not start."""
        code = 0
        with signals.stopping(self._stop.set):
            try:
                async with asyncio.TaskGroup() as tasks:
                    kept = [tasks.create_task(self._keep(), name="worker") for _ in range(self._settings.workers)]
                    await self._stop.wait()
                    await self._end_all()
                    for task in kept:
                        task.cancel()
            except* WorkerDidNotStart:
                await self._end_all()
                code = FAILED
        return code

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            started = time.monotonic()
            code = await self._run_one()
            if self._stop.is_set():
                return
            log.error("a worker died; starting another", code=code)
            if time.monotonic() - started > SHORT_LIFE:
                pause = FIRST_PAUSE
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run_one(self) -> int:
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
        try:
            with suppress(ConnectionError):
                worker.stdin.write(self._settings.model_dump_json().encode() + b"\n")
                await worker.stdin.drain()
            ready = await worker.stdout.readline() == b"ready\n"
            if ready:
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
        workers = tuple(self._running)
        for worker in workers:
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(worker.wait() for worker in workers)), LAST_PATIENCE)
        for worker in workers:
            if worker.returncode is None:
                log.error("a worker did not end in time", pid=worker.pid)
                worker.kill()
