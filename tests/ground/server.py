"""Real Casewire servers as child processes, on free ports, against a test's own database."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.ground.eventually import eventually_blocking
from tests.ground.ports import free_port

PROJECT = Path(__file__).parents[2]
READY_WITHIN = 30.0
STOP_WITHIN = 15.0
SECRET_KEY = "the secret key of the tests: " + "0123456789abcdef" * 4


class RunningServer:
    """One `casewire serve`."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.socket_url = f"ws://127.0.0.1:{port}/connection/websocket"
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> int:
        """SIGTERM, as a platform would; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_WITHIN)

    def kill(self) -> None:
        """SIGKILL: no handler runs."""
        self.process.kill()
        self.process.wait(STOP_WITHIN)

    def end(self) -> None:
        """The same where it does not matter how it ends, as long as it does."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()

    def words(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(errors="replace")

    def wait_until_ready(self, within: float = READY_WITHIN) -> None:
        eventually_blocking(self._is_ready, within=within, what=f"{self.url}/readyz answers 200")

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with code {self.process.returncode}:\n{self.words()}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (ConnectionError, TimeoutError):
            return False
        finally:
            connection.close()


class Servers:
    """Starts servers that share the test's database, Redis and key, and ends them all with the test."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._started: list[RunningServer] = []

    async def start(self, port: int | None = None, **environment: str) -> RunningServer:
        """A server that is ready, on a free port if none is given; `environment` adds to its settings or overrides
        them."""
        return await asyncio.to_thread(self.start_blocking, port, **environment)

    def start_blocking(self, port: int | None = None, **environment: str) -> RunningServer:
        """The same where there is no event loop."""
        server = self._launch(port or free_port(), environment)
        try:
            server.wait_until_ready()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{server.words()}") from None
        return server

    def end_all(self) -> None:
        for server in self._started:
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGTERM)
        for server in self._started:
            server.end()

    def _launch(self, port: int, environment: Mapping[str, str]) -> RunningServer:
        log = self._folder / f"server-{port}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "server", "serve"],
                cwd=PROJECT,
                env={
                    "PATH": os.defpath,
                    "HOME": str(self._folder),
                    "HOST": "127.0.0.1",
                    "PORT": str(port),
                    **self._environment,
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = RunningServer(port, process, log)
        self._started.append(server)
        return server
