"""One server per data folder: a lock that lives as long as the server and whatever still stops after it.

The lock is an flock on an open file. The keepers of the services inherit it, so after `kill -9` of the server it stays
taken until PostgreSQL and Redis have stopped, and the next start only has to wait for it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from pathlib import Path

import psutil

from server.embedded.errors import EmbeddedServicesError

POLL = 0.02
PATIENCE = 30.0


class FolderLock:
    """An acquired lock; `descriptor` is what keepers inherit."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    async def acquire(cls, path: Path, *, patience: float = PATIENCE) -> FolderLock:
        """Takes the lock of the data folder that holds `path`.

        :param patience: seconds to wait for what a killed server left stopping.
        :raises EmbeddedServicesError: a running server has it, or leftovers do not stop in time.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        try:
            while not _try_lock(descriptor):
                _refuse_if_hopeless(descriptor, path.parent, deadline)
                await asyncio.sleep(POLL)  # reason: no event tells that a file lock is free
            us = psutil.Process()
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{us.pid} {us.create_time():.2f}\n".encode(), 0)
        except BaseException:  # reason: also when cancelled, the file is not left open
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """A keeper that still ends holds it a little longer; the next one waits for that, for it names nobody then."""
        os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_if_hopeless(descriptor: int, data_dir: Path, deadline: float) -> None:
    words = os.pread(descriptor, 100, 0).split()
    if len(words) == 2 and _is_running(int(words[0]), float(words[1])):
        raise EmbeddedServicesError(
            f"{data_dir} is in use by a running server (process {int(words[0])}). "
            "Stop that one first, or choose another folder with CASEWIRE_DATA_DIR."
        )
    if time.monotonic() > deadline:
        raise EmbeddedServicesError(
            f"The services of an earlier server on {data_dir} are still stopping. Try again in a moment."
        )


def _is_running(pid: int, created: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
