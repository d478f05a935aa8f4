"""Keeps one service alive no longer than the server that wants it. Run as a program, with the standard library only.

The server starts this program, writes an order (one line of JSON) to its standard input and keeps that pipe open. The
program starts the service, prints `pid <number>`, and waits. When the pipe closes, because the server asked for it or
died in whatever way, the service is stopped. When the service ends, this program ends with its exit code.

A separate process does this because a signal handler of the server's own would not survive `kill -9`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

# The system tells the service when even this program is killed. Linux only; elsewhere the next start cleans up.
PR_SET_PDEATHSIG = 1


class Keeper:
    """The service of one order, and the wait for its end."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._steps = [(signal.Signals[name], float(patience)) for name, patience in order["stop"]]
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _only_wake)
        self._service = self._start(order)

    def _start(self, order: dict[str, Any]) -> subprocess.Popen[bytes]:
        text = order.get("input")
        service = subprocess.Popen(  # noqa: S603 # reason: the order comes from the server through our own pipe
            order["argv"],
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=sys.stderr.fileno(),  # the service's log file, see `main`
            stderr=sys.stderr.fileno(),
            cwd=order["cwd"],
            env=order["env"],
            umask=0o077,
            preexec_fn=_end_with_parent(self._steps[0][0]),  # noqa: PLW1509 # reason: safe, for there is one thread
            user=order["user"],
            group=order["group"],
            extra_groups=order["extra_groups"],
        )
        if text is not None and service.stdin is not None:
            service.stdin.write(text.encode())
            service.stdin.close()
        return service

    @property
    def pid(self) -> int:
        """The service's process."""
        return self._service.pid

    def wait(self) -> int:
        """Returns the service's exit code, after stopping it if the server goes away first."""
        while (code := self._service.poll()) is None:
            if self._told_to_stop(None):
                self._stop()
        return code

    def _stop(self) -> None:
        for number, patience in self._steps:
            self._service.send_signal(number)
            deadline = time.monotonic() + patience
            while self._service.poll() is None and (left := deadline - time.monotonic()) > 0:
                select.select([self._woken], [], [], left)
                self._signals()
            if self._service.returncode is not None:
                return

    def _told_to_stop(self, timeout: float | None) -> bool:
        readable, _, _ = select.select([sys.stdin.fileno(), self._woken], [], [], timeout)
        told = signal.SIGTERM in self._signals()
        if sys.stdin.fileno() in readable:
            told = told or os.read(sys.stdin.fileno(), 4096) == b""
        return told

    def _signals(self) -> bytes:
        try:
            return os.read(self._woken, 4096)
        except BlockingIOError:
            return b""


def _only_wake(_number: int, _frame: object) -> None:
    """A handler, rather than SIG_IGN, because ignored signals would be inherited by the service."""


def _end_with_parent(number: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    keeper = os.getpid()

    def ask_the_system() -> None:
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != keeper:
            os._exit(1)  # the keeper died before the system was asked

    return ask_the_system


def main() -> int:
    line = sys.stdin.buffer.readline()
    if not line:
        return 1  # the server went away before it said anything
    order = json.loads(line)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(log, sys.stderr.fileno())
    try:
        keeper = Keeper(order)
    except OSError as error:
        print(f"error {error}", flush=True)
        return 1
    print(f"pid {keeper.pid}", flush=True)
    code = keeper.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
