"""From a clone to the page, and the second start: what a newcomer waits for. Once, whatever the rounds."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench.bench import Bench, Numbers
from bench.ground import PROJECT, GroundError, end
from bench.machine import watched
from bench.trials import Trial
from tests.ground.ports import free_port

FIRST_WITHIN, SECOND_WITHIN = 900.0, 60.0


def run(bench: Bench) -> list[Trial]:
    with tempfile.TemporaryDirectory(prefix="casewire-start-") as folder:
        Path(folder).chmod(0o755)  # the service account walks in
        with watched() as watch:
            numbers = _measure(Path(folder))
    bench.say("  start: " + "  ".join(f"{name} {value:.3g}" for name, value in numbers.items()))
    return [Trial("start", "casewire", 0, numbers, round(watch.foreign, 3))]


def _measure(folder: Path) -> Numbers:
    began = time.monotonic()
    clone = folder / "casewire"
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
    first = _until_served(["make", "run"], clone, folder, FIRST_WITHIN, began)
    program = str(clone / ".venv" / "bin" / "casewire")
    second = _until_served([program, "demo"], clone, folder, SECOND_WITHIN, time.monotonic())
    return {"clone_to_page_s": first, "second_start_s": second, "interpreter_s": _interpreter(clone)}


def _until_served(command: list[str], clone: Path, folder: Path, within: float, began: float) -> float:
    """Seconds from `began` until the page is answered; then the server is stopped."""
    port, log = free_port(), folder / "output.log"
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "CASEWIRE_DATA_DIR": str(folder / "data")}
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, cwd=clone, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        while not _answered(port):
            if child.poll() is not None or time.monotonic() - began > within:
                raise GroundError(f"{' '.join(command)}: {log.read_text(errors='replace')[-1500:]}")
            time.sleep(0.02)  # reason: the page is asked until it answers
        return time.monotonic() - began
    finally:
        end(child)


def _answered(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _interpreter(clone: Path) -> float:
    """What Python takes to start and end without doing anything."""
    python = clone / ".venv" / "bin" / "python"
    began = time.monotonic()
    subprocess.run([str(python if python.exists() else sys.executable), "-c", "pass"], check=True)
    return time.monotonic() - began
