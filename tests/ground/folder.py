"""Temporary folders that a service account can walk into, which pytest's own `tmp_path` does not allow."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

IN_MEMORY = Path("/dev/shm")
ENOUGH = 2 * 1024**3
PREFIX = "casewire-tests-"


@contextmanager
def reachable_folder(name: str) -> Iterator[Path]:
    """A new folder, removed at the end: in memory where there is room, for a database's files are many and small."""
    place = _fast_place()
    _remove_abandoned(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{name}-", dir=place))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _fast_place() -> Path:
    """The system's own place, if memory is scarce or nothing may run from it, as in many containers."""
    usual = Path(tempfile.gettempdir())
    try:
        status = os.statvfs(IN_MEMORY)
    except OSError:
        return usual
    usable = os.access(IN_MEMORY, os.W_OK | os.X_OK) and not status.f_flag & os.ST_NOEXEC
    return IN_MEMORY if usable and status.f_bavail * status.f_frsize >= ENOUGH else usual


def _remove_abandoned(place: Path) -> None:
    """Removes what test sessions that were killed left there: their process ids are in the names."""
    for folder in place.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
