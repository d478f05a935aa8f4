"""The account that the services run as: ourselves, or, for root, an unprivileged one.

PostgreSQL refuses to run as root. Whether the account can reach a folder or a program is asked of the system itself,
by trying it as that account, so that access lists and mount options count as well as mode bits.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from server.embedded.errors import EmbeddedServicesError

UNPRIVILEGED = ("casewire", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A system account: its name and numeric ids."""

    name: str
    uid: int
    gid: int

    @property
    def is_ourselves(self) -> bool:
        """Whether this process already runs as the account, so that nothing has to be switched."""
        return self.uid == os.geteuid()

    def can_enter(self, folder: Path) -> bool:
        """Whether the account may walk into `folder` through all of its parents."""
        return self._succeeds('cd -- "$1"', folder)

    def can_run(self, program: Path) -> bool:
        """Whether the account may reach and execute `program`."""
        return self._succeeds('test -x "$1" && test -r "$1"', program)

    def _succeeds(self, script: str, path: Path) -> bool:
        """Runs one of the scripts above as the account; the path is its argument, never part of the script."""
        done = subprocess.run(  # noqa: S603 # reason: see the docstring
            ["/bin/sh", "-c", script, "sh", str(path)],
            check=False,
            capture_output=True,
            cwd="/",
            user=None if self.is_ourselves else self.uid,
            group=None if self.is_ourselves else self.gid,
            extra_groups=None if self.is_ourselves else [],
        )
        return done.returncode == 0


def choose_account(owner: int | None) -> Account:
    """The account for the services of a data folder.

    :param owner: the numeric id of who owns the data that is already there, or None for a new folder.
    :raises EmbeddedServicesError: no account fits; the sentence says which would.
    """
    if os.geteuid() == 0:
        return _account_for_root(owner)
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedServicesError(
            f"PostgreSQL needs an account with a name, and user id {os.geteuid()} has none in /etc/passwd. "
            "Add one, or set DATABASE_URL and REDIS_URL."
        ) from None
    if owner is not None and owner != entry.pw_uid:
        raise EmbeddedServicesError(
            f"The data belongs to {_name_of(owner)}, and this is {entry.pw_name}. "
            f"Start as {_name_of(owner)}, or choose another folder with CASEWIRE_DATA_DIR."
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _account_for_root(owner: int | None) -> Account:
    if owner == 0:
        raise EmbeddedServicesError(
            "The data belongs to root, and PostgreSQL does not run as root. "
            f"Give it to one of {', '.join(UNPRIVILEGED)} with chown -R."
        )
    if owner is not None:
        try:
            entry = pwd.getpwuid(owner)
        except KeyError:
            raise EmbeddedServicesError(
                f"The data belongs to user id {owner}, which has no name here. Give it to one of "
                f"{', '.join(UNPRIVILEGED)} with chown -R, or choose another folder with CASEWIRE_DATA_DIR."
            ) from None
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServicesError(
        f"PostgreSQL does not run as root, and none of the accounts {', '.join(UNPRIVILEGED)} exists. "
        "Add one (useradd --system casewire), or set DATABASE_URL and REDIS_URL."
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"
