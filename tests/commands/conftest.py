"""Running `casewire` as its users do: as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ground.server import PROJECT, SECRET_KEY

Run = Callable[..., "subprocess.CompletedProcess[str]"]

PATIENCE = 60.0


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """A node's environment on the test's services."""
    return {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CASEWIRE_SECRET_KEY": SECRET_KEY,
        "CASEWIRE_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def casewire(environment: dict[str, str]) -> Run:
    """`casewire("agent", "list", stdin=…, PORT=…)`: the finished process."""

    def run(*arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "server", *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            cwd=PROJECT,
            env={**environment, **more},
            timeout=PATIENCE,
        )

    return run
