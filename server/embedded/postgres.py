"""PostgreSQL as a private service: one cluster, one database, reachable through its socket alone."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psutil

from server.embedded.errors import EmbeddedServicesError
from server.embedded.folder import DataFolder
from server.embedded.kept import Order, StopSteps, end_of, run_to_end
from server.embedded.leftovers import processes_in, read_pid
from server.embedded.postgres_settings import HOST_BASED_AUTHENTICATION, settings
from server.embedded.programs import POSTGRES_MAJOR

PORT = 5432  # a part of the socket's name, nothing more
ROLE = DATABASE = "casewire"
# Fast shutdown (open transactions roll back), then the immediate one, which the next start repairs.
STOP: StopSteps = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0))


class Postgres:
    """The cluster in `<home>/postgresql` and how it runs."""

    name = "PostgreSQL"

    def __init__(self, folder: DataFolder, programs: Path, sockets: Path, *, durable: bool) -> None:
        self._folder = folder
        self._programs = programs
        self._sockets = sockets
        self._durable = durable
        self.folder = folder.home / "postgresql"
        self._log = folder.path / "postgresql.out"

    @property
    def url(self) -> str:
        """Through the private folder of its socket."""
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self._sockets))}&port={PORT}"

    async def prepare(self, lock: int, say: Callable[[str], None]) -> None:
        if not self.folder.exists():
            say(f"Making a PostgreSQL {POSTGRES_MAJOR} database in {self.folder}")
            await self._make_cluster(lock)
        self._demand_version()
        self._write("postgresql.conf", settings(self._sockets, durable=self._durable))
        self._write("pg_hba.conf", HOST_BASED_AUTHENTICATION)
        self._log.unlink(missing_ok=True)

    def order(self) -> Order:
        return self._order("PostgreSQL", "postgres", "-D", str(self.folder), cwd=self.folder)

    def last_words(self) -> str:
        logs = [self._log, *(self.folder / "log").glob("*.log")]
        return end_of(max((log for log in logs if log.exists()), key=lambda log: log.stat().st_mtime))

    def leftover_pid(self) -> int | None:
        return read_pid(self._pid_file)

    def forget_leftovers(self) -> None:
        """Removes the pid file if it misleads.

        PostgreSQL deals with a stale file itself, and learns from it what else to clean up. But when the process id in
        it has meanwhile been given to something else, it takes that for a running server.
        """
        pid = read_pid(self._pid_file)
        if pid is not None and psutil.pid_exists(pid) and not processes_in(self.folder):
            self._pid_file.unlink()

    async def is_ready(self, pid: int) -> bool:
        """PostgreSQL writes its state into the last line of its pid file, as `pg_ctl --wait` reads it."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    async def _make_cluster(self, lock: int) -> None:
        """Makes the cluster under another name first, so that a half-made one is never taken for a whole one."""
        unfinished = self._folder.home / "postgresql.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        cluster = self._folder.own(unfinished.name)
        initdb = (
            *("initdb", "-D", str(cluster), "-U", ROLE, "--auth-local=trust", "--auth-host=reject"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--no-instructions", "--no-clean", *(() if self._durable else ("--no-sync",))),
        )
        await run_to_end(self._order("initdb", *initdb, cwd=cluster), lock=lock)
        single = ("postgres", "--single", "-D", str(cluster), "-c", f"fsync={'on' if self._durable else 'off'}")
        create = f"CREATE DATABASE {DATABASE};\n"
        await run_to_end(self._order("CREATE DATABASE", *single, "postgres", cwd=cluster, text=create), lock=lock)
        unfinished.rename(self.folder)

    def _order(self, name: str, program: str, *arguments: str, cwd: Path, text: str | None = None) -> Order:
        return Order(
            name=name,
            argv=(str(self._programs / program), *arguments),
            cwd=cwd,
            log=self._log,
            account=self._folder.account,
            stop=STOP,
            input=text,
        )

    def _demand_version(self) -> None:
        version = (self.folder / "PG_VERSION").read_text().strip()
        if version != str(POSTGRES_MAJOR):
            raise EmbeddedServicesError(
                f"The data in {self.folder} was written by PostgreSQL {version}, and this is {POSTGRES_MAJOR}. "
                "Make a backup with the Casewire that wrote it, and restore it into a new data folder."
            )

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        new = path.with_name(f"{name}.new")
        new.unlink(missing_ok=True)
        new.write_text(text)
        new.chmod(0o600)
        if not self._folder.account.is_ourselves:
            os.chown(new, self._folder.account.uid, self._folder.account.gid)
        new.rename(path)
