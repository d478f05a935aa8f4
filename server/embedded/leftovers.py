"""Processes that a killed server, or a killed keeper, left running in a service's folder.

PostgreSQL, with all of its children, and Redis make their data folder their working directory, so that is what tells
them from everything else, whatever their process ids were reused for.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)

POLL = 0.01


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes whose working directory is `folder`, as far as we may see them."""
    real = str(folder.resolve())
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == real:
                found.append(process)
    return found


def read_pid(pid_file: Path) -> int | None:
    """The process id in the file's first line; 0 if there is none in it, None if there is no file."""
    try:
        first = pid_file.read_text().split(maxsplit=1)[:1]
    except FileNotFoundError:
        return None
    return int(first[0]) if first and first[0].isdigit() else 0


async def end_processes_in(folder: Path, main_pid: int, steps: tuple[tuple[signal.Signals, float], ...]) -> None:
    """Ends the processes that work in `folder`: each signal in turn, with so many seconds to follow it.

    The first signal, the gentle one, goes to the main process alone, if it is among them: it means something else to
    PostgreSQL's children, which follow their parent.
    """
    for step, (number, patience) in enumerate(steps):
        left = processes_in(folder)
        if not left:
            return
        logger.warning("ending %d left-over processes in %s with %s", len(left), folder, number.name)
        for process in left:
            if step > 0 or process.pid == main_pid:
                with suppress(psutil.Error):
                    process.send_signal(number)
        deadline = time.monotonic() + patience
        while any(map(_is_alive, left)) and time.monotonic() < deadline:  # noqa: ASYNC110 # reason: no children of ours
            await asyncio.sleep(POLL)  # reason: no event tells the end of a process that is not ours


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
