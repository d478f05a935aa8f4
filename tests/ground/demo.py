"""A `casewire demo` with its 15,000 customers, as people see it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.ground.folder import reachable_folder
from tests.ground.ports import free_port
from tests.ground.server import PROJECT, RunningServer

PATIENCE = 120.0


@contextmanager
def demo_server(settings: Mapping[str, str] | None = None) -> Iterator[RunningServer]:
    """Its data lies in a folder that goes with it, unless `settings` say otherwise. Takes about a quarter of a minute
    to be ready."""
    with reachable_folder("demo") as folder:
        port, log = free_port(), folder / "demo.log"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "CASEWIRE_DATA_DIR": str(folder / "data"),
            "CASEWIRE_RATE_LIMIT": "off",
            **(settings or {}),
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "server", "demo"],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = RunningServer(port, process, log)
        try:
            server.wait_until_ready(PATIENCE)
            yield server
        finally:
            server.end()
