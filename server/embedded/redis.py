"""Redis as a private service. It holds hints only (contract, law 1), so nothing of it is written to disk."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from server.embedded.folder import DataFolder
from server.embedded.kept import Order, StopSteps, end_of
from server.embedded.leftovers import read_pid

STOP: StopSteps = ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0))
ANSWER_WITHIN = 2.0

# A subscriber that falls 64 MB behind, or 32 MB for a minute, is cut off; the healer then reads from PostgreSQL.
SETTINGS = """\
# Written by Casewire at each start.
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
pidfile "{pid_file}"
daemonize no
save ""
appendonly no
databases 16
maxmemory 256mb
maxmemory-policy allkeys-lru
client-output-buffer-limit pubsub 64mb 32mb 60
tcp-backlog 128
timeout 0
loglevel warning
"""


class Redis:
    """The server in `<home>/redis` and how it runs."""

    name = "Redis"

    def __init__(self, folder: DataFolder, program: Path, sockets: Path) -> None:
        self._folder = folder
        self._program = program
        self._socket = sockets / "redis.sock"
        self.folder = folder.own("redis")
        self._pid_file = self.folder / "redis.pid"
        self._log = folder.path / "redis.out"

    @property
    def url(self) -> str:
        """Through its private socket."""
        return f"unix://{self._socket}"

    async def prepare(self, lock: int, say: Callable[[str], None]) -> None:
        text = SETTINGS.format(
            socket=_quoted(self._socket), folder=_quoted(self.folder), pid_file=_quoted(self._pid_file)
        )
        new = self.folder / "redis.conf.new"
        new.unlink(missing_ok=True)
        new.write_text(text)
        if not self._folder.account.is_ourselves:
            os.chown(new, self._folder.account.uid, self._folder.account.gid)
        new.rename(self.folder / "redis.conf")
        self._log.unlink(missing_ok=True)

    def order(self) -> Order:
        return Order(
            name="Redis",
            argv=(str(self._program), str(self.folder / "redis.conf")),
            cwd=self.folder,
            log=self._log,
            account=self._folder.account,
            stop=STOP,
        )

    def last_words(self) -> str:
        return end_of(self._log)

    def leftover_pid(self) -> int | None:
        return read_pid(self._pid_file)

    def forget_leftovers(self) -> None:
        self._pid_file.unlink(missing_ok=True)

    async def is_ready(self, pid: int) -> bool:
        """Whether it answers PING."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                reader, writer = await asyncio.open_unix_connection(str(self._socket))
                try:
                    writer.write(b"PING\r\n")
                    return await reader.readline() == b"+PONG\r\n"
                finally:
                    writer.close()
                    await writer.wait_closed()
        except (OSError, TimeoutError):
            return False


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
