"""Temporary folders that a service account can walk into, which pytest's own `tmp_path` does not allow."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
ENOUGH = 2 * 1024**3


@contextmanager
def reachable_folder(name: str) -> Iterator[Path]:
    """A new folder, removed at the end: in memory where there is room, for a database's files are many and small."""
    folder = Path(tempfile.mkdtemp(prefix=f"casewire-{name}-", dir=_fast_place()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _fast_place() -> Path | None:
    """None stands for the system's own. In containers there is often little memory, and nothing runs from it."""
    try:
        status = os.statvfs(IN_MEMORY)
    except OSError:
        return None
    usable = os.access(IN_MEMORY, os.W_OK | os.X_OK) and not status.f_flag & os.ST_NOEXEC
    return IN_MEMORY if usable and status.f_bavail * status.f_frsize >= ENOUGH else None
