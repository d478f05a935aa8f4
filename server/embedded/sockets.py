"""The folder of the sockets: private to the account, with a path short enough for the system.

A Unix socket's path has at most 103 bytes on macOS and 107 on Linux. Where the data folder is too deep for that (or its
name has characters that a database URL or PostgreSQL's settings treat specially), the sockets go to a private folder in
the system's temporary folder. The data folder remembers it, so that the next start uses it again, or cleans it up.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from server.embedded.errors import EmbeddedServicesError
from server.embedded.folder import DataFolder

LIMIT = 103
LONGEST_NAME = ".s.PGSQL.5432"
PLAIN = re.compile(r"[\w./+@ -]+", re.ASCII)


class SocketFolder:
    """The folder that PostgreSQL and Redis put their sockets into."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._note = folder.path / "sockets"
        inside = folder.home / "run"
        self.is_inside = fits(inside)
        self.path = folder.own("run") if self.is_inside else self._outside()
        self._empty()

    def remove(self) -> None:
        """Removes what is outside the data folder, after the services have stopped."""
        if not self.is_inside:
            shutil.rmtree(self.path, ignore_errors=True)
            self._note.unlink(missing_ok=True)

    def _outside(self) -> Path:
        try:
            remembered = Path(self._note.read_text().rstrip("\n"))
        except FileNotFoundError:
            remembered = None
        if remembered is not None and self._is_private(remembered):
            return remembered
        for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 # reason: mkdtemp makes a private folder in it
            if fits(Path(parent) / "casewire-12345678") and self._folder.account.can_enter(Path(parent)):
                made = tempfile.mkdtemp(prefix="casewire-", dir=parent)
                if not self._folder.account.is_ourselves:
                    os.chown(made, self._folder.account.uid, self._folder.account.gid)
                self._note.write_text(f"{made}\n")
                return Path(made)
        raise EmbeddedServicesError(
            f"{self._folder.home} is too deep for a Unix socket, and so is {tempfile.gettempdir()}. "
            "Choose a shorter folder with CASEWIRE_DATA_DIR."
        )

    def _is_private(self, path: Path) -> bool:
        """Temporary folders are shared: what lies at a remembered path may be somebody else's by now."""
        try:
            status = path.lstat()
        except OSError:
            return False
        return (
            stat.S_ISDIR(status.st_mode)
            and status.st_uid == self._folder.account.uid
            and stat.S_IMODE(status.st_mode) == 0o700
        )

    def _empty(self) -> None:
        """Removes the sockets and their lock files that a killed server left; we hold the data folder's lock."""
        for entry in self.path.iterdir():
            entry.unlink(missing_ok=True)


def fits(folder: Path) -> bool:
    """Whether sockets can be made in `folder` and named in a URL."""
    path = str(folder / LONGEST_NAME)
    return len(os.fsencode(path)) <= LIMIT and PLAIN.fullmatch(path) is not None
