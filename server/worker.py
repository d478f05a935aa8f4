"""One of several serving processes: `python -m server.worker FD…`, started by `server.workers` alone.

The settings come as a line of JSON on the standard input; when that pipe closes, the parent is gone.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys

from server.app_server import AppServer
from server.logging import configure_logging
from server.loop import run
from server.settings import Settings
from server.signals import StopSignals


async def work(settings: Settings, sockets: list[socket.socket]) -> int:
    """Serves until a signal or the end of the parent; returns the exit code."""
    with StopSignals.handled() as signals:
        server = AppServer(settings, _say_ready)
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _follow_parent, server)
        return await server.run_until_stopped(sockets, signals)


def _follow_parent(server: AppServer) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        server.stop()


def _say_ready() -> None:
    print("ready", flush=True)


def main() -> int:
    """Reads the settings, takes the sockets over that were inherited, and serves."""
    line = sys.stdin.buffer.readline()
    if not line:
        return 1
    settings = Settings.model_validate_json(line)
    configure_logging()
    return run(work(settings, [socket.socket(fileno=int(argument)) for argument in sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
