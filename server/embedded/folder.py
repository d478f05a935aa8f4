"""The data folder: what lies where, who owns it, and who may look in.

    <data folder>/lock, secret.key, postgresql.out, redis.out      ours
    <home>/postgresql, redis, run (the sockets), programs          the service account's

`home` is the data folder itself, unless we are root and the service account cannot walk into it (below /root, say, or
in a private temporary folder). Opening up other people's folders is not ours to do, so then home is a new folder in
/var/lib/casewire, and the data folder's file `home` names it.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.embedded.account import Account, choose_account
from server.embedded.errors import EmbeddedServicesError
from server.embedded.lock import FolderLock

SYSTEM_FOLDER = Path("/var/lib/casewire")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A prepared data folder, locked for us."""

    path: Path
    home: Path
    account: Account
    lock: FolderLock

    def own(self, name: str) -> Path:
        """The account's private folder `<home>/<name>`, made if it is missing."""
        folder = self.home / name
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.lstat()
            if status.st_uid != self.account.uid and status.st_uid == os.geteuid() and stat.S_ISDIR(status.st_mode):
                os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)
            elif status.st_uid != self.account.uid:
                raise EmbeddedServicesError(f"{folder} should belong to {self.account.name}, and does not.")
            folder.chmod(0o700)
        except OSError as error:
            raise EmbeddedServicesError(f"{folder} cannot be made private to {self.account.name}: {error}.") from error
        return folder


def default_data_dir(xdg_data_home: str | None = None) -> Path:
    """Where data goes when nobody said: the platform's folder for a user's data; for root, the system's.

    :param xdg_data_home: the value of XDG_DATA_HOME, if it is set.
    """
    if sys.platform != "win32" and os.geteuid() == 0:
        return SYSTEM_FOLDER
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "casewire"
    return (Path(xdg_data_home) if xdg_data_home else Path.home() / ".local" / "share") / "casewire"


async def open_data_folder(path: Path, say: Callable[[str], None]) -> DataFolder:
    """Makes the folder if need be, locks it, and finds the account and the home for the services' own folders.

    :raises EmbeddedServicesError: the folder cannot be used; the sentence says why.
    """
    path = make_data_dir(path)
    try:
        lock = await FolderLock.acquire(path / "lock")
    except OSError as error:
        raise EmbeddedServicesError(f"{path} cannot be used: {error}.") from error
    try:
        home, account = _home_and_account(path, say)
    except OSError as error:
        lock.release()
        raise EmbeddedServicesError(f"{path} cannot be used: {error}.") from error
    except BaseException:  # reason: whatever stops the start, the folder is free again
        lock.release()
        raise
    return DataFolder(path, home, account, lock)


def make_data_dir(path: Path) -> Path:
    """Makes the data folder and returns its whole path.

    A folder that root makes lets others walk through, for the service account has its own folders inside.
    """
    path = path.expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
    except OSError as error:
        raise EmbeddedServicesError(
            f"The data folder {path} cannot be made: {error.strerror}. Choose another one with CASEWIRE_DATA_DIR."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise EmbeddedServicesError(
            f"The data folder {path} is not writable here. Choose another one with CASEWIRE_DATA_DIR."
        )
    return path


def _home_and_account(path: Path, say: Callable[[str], None]) -> tuple[Path, Account]:
    pointer = path / "home"
    home = Path(pointer.read_text().strip()) if pointer.exists() else path
    if not home.is_dir():
        raise EmbeddedServicesError(
            f"The data of {path} is kept in {home}, which is missing. Bring it back, or remove {pointer} to start anew."
        )
    account = choose_account(_owner_of(home / "postgresql"))
    if account.is_ourselves or account.can_enter(home):
        return home, account
    if (home / "postgresql").exists():
        raise EmbeddedServicesError(
            f"The data in {home} belongs to {account.name}, who cannot enter that folder. "
            "Give it the right to (chmod o+x on the folders above), or choose another with CASEWIRE_DATA_DIR."
        )
    home = _home_elsewhere(path, account)
    pointer.write_text(f"{home}\n")
    say(f"The account {account.name} cannot enter {path}: the data is kept in {home}")
    return home, account


def _owner_of(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except FileNotFoundError:
        return None


def _home_elsewhere(path: Path, account: Account) -> Path:
    """A new folder that the account can reach. Its name carries the data folder's, and a part that is never used twice:
    a data folder that was removed must not find old data when it is made again."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", str(path)).strip("-")[-40:]
    home = SYSTEM_FOLDER / f"{readable}-{secrets.token_hex(4)}"
    try:
        for folder in (SYSTEM_FOLDER, home):
            folder.mkdir(mode=0o711, exist_ok=True)
        (home / "origin").write_text(f"The services of the data folder {path} keep their data here.\n")
    except OSError as error:
        raise EmbeddedServicesError(
            f"The account {account.name} cannot enter {path}, and {home} cannot be made: {error.strerror}. "
            "Choose a folder that it can enter with CASEWIRE_DATA_DIR."
        ) from error
    if not account.can_enter(home):
        raise EmbeddedServicesError(
            f"The account {account.name} can enter neither {path} nor {home}. "
            "Choose a folder that it can enter with CASEWIRE_DATA_DIR."
        )
    return home
