"""Temporary folders that a service account can walk into, which pytest's own `tmp_path` does not allow."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reachable_folder(name: str) -> Iterator[Path]:
    """A new folder below the system's temporary folder, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"casewire-{name}-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
