"""Where the services of a running server are: a note in the data folder, for the commands that work beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import psutil

NAME = "addresses.json"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services of a running server are, the embedded ones included."""

    database_url: str
    redis_url: str


@contextmanager
def noted(data_dir: Path, addresses: Addresses) -> Iterator[None]:
    """While the block runs, `find` finds the addresses. Readable by ourselves alone."""
    us = psutil.Process()
    note = {
        "pid": us.pid,
        "created": us.create_time(),
        "database_url": addresses.database_url,
        "redis_url": addresses.redis_url,
    }
    path = data_dir / NAME
    new = path.with_name(f"{NAME}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(note))
    new.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find(data_dir: Path) -> Addresses | None:
    """The addresses of the server that runs on this data folder; None where there is none."""
    try:
        note = orjson.loads((data_dir / NAME).read_bytes())
        created = psutil.Process(note["pid"]).create_time()
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    if abs(created - note["created"]) > 1:
        return None  # a killed server left it, and its process id belongs to another process now
    return Addresses(note["database_url"], note["redis_url"])
