"""Data folders, and parents to kill."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from server.embedded import EmbeddedServices
from server.embedded.leftovers import processes_in
from tests.ground.eventually import eventually_blocking
from tests.ground.folder import reachable_folder
from tests.ground.server import PROJECT


@pytest.fixture(scope="session")
def made_once() -> Iterator[Path]:
    """A data folder after its first start, to copy from: making a cluster takes most of a second."""

    async def first_start(path: Path) -> None:
        async with EmbeddedServices(path):
            pass

    with reachable_folder("embedded") as folder:
        asyncio.run(first_start(folder / "data"))
        yield folder / "data"


@pytest.fixture
def data_dir(made_once: Path) -> Iterator[Path]:
    """A data folder after its first start, with no data of ours in it."""
    with reachable_folder("embedded") as folder:
        subprocess.run(["cp", "-a", made_once, folder / "data"], check=True)
        yield folder / "data"


@pytest.fixture
def new_data_dir() -> Iterator[Path]:
    """A data folder to be made: its parent is there. Whatever stands in for it as root is removed as well."""
    with reachable_folder("embedded") as folder:
        path = folder / "data"
        yield path
        pointer = path / "home"
        if pointer.exists():
            home = Path(pointer.read_text().strip())
            assert home.parent == Path("/var/lib/casewire")
            shutil.rmtree(home)


@dataclass(frozen=True)
class Parent:
    """A running `tests.embedded.parent`, in a process group of its own like a server in a terminal."""

    process: subprocess.Popen[bytes]
    database_url: str
    redis_url: str
    home: Path
    pids: dict[str, int]
    keepers: dict[str, int]

    @property
    def everything_it_started(self) -> list[int]:
        return [*self.pids.values(), *self.keepers.values()]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> int:
        """Ctrl-C: the signal goes to the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def nothing_is_left(self) -> bool:
        alive = [pid for pid in self.everything_it_started if psutil.pid_exists(pid)]
        return not alive and not processes_in(self.home / "postgresql") and not processes_in(self.home / "redis")


StartParent = Callable[[Path], Parent]


@pytest.fixture
def start_parent() -> Iterator[StartParent]:
    """Starts parents; those that still run at the end are killed, and what they started is seen to end."""
    started: list[Parent] = []

    def start(data_dir: Path) -> Parent:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.embedded.parent", str(data_dir)],
            cwd=PROJECT,
            env={**os.environ, "CASEWIRE_SECRET_KEY": "not for the services"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        process.stdout.close()
        facts["home"] = Path(facts["home"])
        parent = Parent(process, **facts)
        started.append(parent)
        return parent

    yield start
    for parent in started:
        parent.kill()
        eventually_blocking(parent.nothing_is_left, within=20, what="the services end with their parent")
