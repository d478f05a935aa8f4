"""The key that signs tokens, made once and kept in the data folder for its owner alone."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from server.embedded.errors import EmbeddedServicesError
from server.embedded.folder import make_data_dir

NAME = "secret.key"
SHORTEST = 32


def secret_key(data_dir: Path) -> str:
    """The data folder's key, 64 characters; the first call makes it.

    :raises EmbeddedServicesError: the file cannot be read or made, or holds no key.
    """
    path = make_data_dir(data_dir) / NAME
    try:
        if not path.exists():
            _make(path)
        path.chmod(0o600)
        key = path.read_text().strip()
    except OSError as error:
        raise EmbeddedServicesError(f"The key {path} cannot be used: {error.strerror}.") from error
    if len(key) < SHORTEST:
        raise EmbeddedServicesError(f"{path} holds no key. Remove it to get a new one; everyone has to log in again.")
    return key


def _make(path: Path) -> None:
    """Writes the whole file under another name and links it, so that of several processes one wins and all agree."""
    new = path.with_name(f"{NAME}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
