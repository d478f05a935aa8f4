"""The server's side of a keeper: start a process that cannot outlive us, wait for it, stop it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.embedded.account import Account
from server.embedded.errors import EmbeddedServicesError

KEEPER = Path(__file__).with_name("keeper.py")

StopSteps = tuple[tuple[signal.Signals, float], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What a keeper runs.

    `stop` lists signals, each with the seconds the process has to follow it before the next is sent. The environment is
    empty but for the locale: our own holds secrets that the service's account has no business with.
    """

    name: str
    argv: tuple[str, ...]
    cwd: Path
    log: Path
    account: Account
    stop: StopSteps
    input: str | None = None

    def as_line(self) -> bytes:
        """As JSON, in one line, for the keeper's standard input."""
        ours = self.account.is_ourselves
        order = {
            "argv": self.argv,
            "cwd": str(self.cwd),
            "log": str(self.log),
            "user": None if ours else self.account.uid,
            "group": None if ours else self.account.gid,
            "extra_groups": None if ours else [],
            "stop": [(number.name, patience) for number, patience in self.stop],
            "env": {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
            "input": self.input,
        }
        return json.dumps(order).encode() + b"\n"


class KeptProcess:
    """A process under a keeper. `pid` is the process itself, not the keeper."""

    def __init__(self, order: Order, keeper: asyncio.subprocess.Process, pid: int) -> None:
        self.order = order
        self.pid = pid
        self._keeper = keeper

    @classmethod
    async def start(cls, order: Order, *, lock: int) -> KeptProcess:
        """Starts the order's process.

        :param lock: descriptor of the folder lock, which the keeper holds until the process has ended.
        :raises EmbeddedServicesError: the program cannot be started.
        """
        keeper = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(KEEPER), order.name, str(order.cwd)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the server, which drains before it lets its services go
            pass_fds=(lock,),
            cwd="/",
        )
        if keeper.stdin is None or keeper.stdout is None:
            raise EmbeddedServicesError(f"{order.name} cannot be started: no pipe to its keeper.")
        try:
            keeper.stdin.write(order.as_line())
            await keeper.stdin.drain()
            word, _, rest = (await keeper.stdout.readline()).decode().strip().partition(" ")
        except BaseException:  # reason: also when cancelled, no keeper is left behind
            keeper.stdin.close()
            await keeper.wait()  # it may have started the process, and holds the lock until that has ended
            raise
        if word != "pid":
            keeper.stdin.close()
            await keeper.wait()
            raise EmbeddedServicesError(f"{order.name} cannot be started: {rest or 'its keeper failed'}.")
        return cls(order, keeper, int(rest))

    @property
    def keeper_pid(self) -> int:
        """The process between us and the service, which ends it when we are gone."""
        return self._keeper.pid

    @property
    def ended(self) -> bool:
        """Whether the service has ended and its exit code is known."""
        return self._keeper.returncode is not None

    async def wait(self) -> int:
        """The process's exit code; 128 + n when signal n ended it, negative when the keeper itself was killed."""
        return await self._keeper.wait()

    async def stop(self) -> int:
        """Stops the process as its order says and returns its exit code."""
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()
            with suppress(BrokenPipeError, ConnectionResetError):
                await self._keeper.stdin.wait_closed()
        return await self._keeper.wait()


async def run_to_end(order: Order, *, lock: int) -> None:
    """Runs a program that ends by itself.

    :raises EmbeddedServicesError: it failed; the sentence carries the end of what it printed.
    """
    process = await KeptProcess.start(order, lock=lock)
    try:
        code = await process.wait()
    finally:
        await process.stop()
    if code != 0:
        raise EmbeddedServicesError(f"{order.name} failed with exit code {code}. {end_of(order.log)}")


def end_of(log: Path, lines: int = 8) -> str:
    """The last lines of a log, introduced by its path."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return f"Its log is {log}."
    return "\n".join([f"The end of {log}:", *text.splitlines()[-lines:]])
