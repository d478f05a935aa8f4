"""Getting the peers from the registries they are published in, into a folder of ours.

Debian's packages are unpacked, not installed: no root, no service that starts, and the next run finds them there. What
cannot be had is named with the reason, and its rows say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import compile_c

HERE = Path(__file__).parent
PEERS = HERE / "peers"
DEBIAN_PACKAGES = (
    *("nginx", "libnginx-mod-nchan", "redis-server", "redis-tools"),
    *("libhiredis0.14", "liblzf1", "libjemalloc2", "liblua5.1-0"),
)
NGINX_FOLDER = Path("/var/lib/nginx")
"""Nchan makes temporary folders in here, whatever the configuration names: it is compiled into Debian's nginx."""

CENTRIFUGO = "github.com/centrifugal/centrifugo/v6@latest"


class NotToBeHad(Exception):
    """Why a peer is missing, in a few words."""


@dataclass(slots=True)
class Peers:
    """The programs that were found, and why others were not."""

    folder: Path
    programs: dict[str, Path] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def debian(self) -> Path:
        return self.folder / "debian" / "root"

    @property
    def libraries(self) -> dict[str, str]:
        """The environment in which the unpacked programs find their libraries."""
        found = sorted({str(path.parent) for path in (self.debian / "usr/lib").glob("*/*.so.*")})
        return {"LD_LIBRARY_PATH": ":".join(found)} if found else {}

    @property
    def node_modules(self) -> Path:
        return self.folder / "npm" / "node_modules"


def obtain(folder: Path, say: Callable[[str], None]) -> Peers:
    """Whatever is not there yet is fetched."""
    peers = Peers(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, get in (
        ("bareloop", _bareloop),
        ("ceiling", _ceiling),
        ("redis", _redis),
        ("nchan", _nchan),
        ("centrifugo", _centrifugo),
        ("socketio", _socketio),
    ):
        try:
            peers.programs[name], peers.versions[name] = get(peers, say)
        except (NotToBeHad, OSError, subprocess.SubprocessError) as error:
            peers.missing[name] = " ".join(str(error).split())[:200]
            say(f"{name} is missing: {peers.missing[name]}")
    return peers


def _bareloop(peers: Peers, _say: Callable[[str], None]) -> tuple[Path, str]:
    return compile_c([PEERS / "bareloop.c"], [PEERS / "listener.h"], peers.folder / "bareloop"), "own"


def _ceiling(peers: Peers, _say: Callable[[str], None]) -> tuple[Path, str]:
    return compile_c([PEERS / "ceiling.c"], [PEERS / "listener.h"], peers.folder / "ceiling"), "own"


def _redis(peers: Peers, say: Callable[[str], None]) -> tuple[Path, str]:
    program = shutil.which("redis-server") or _of_debian(peers, say, "usr/bin/redis-server")
    words = _output([str(program), "--version"], peers.libraries)
    return Path(program), words.partition("v=")[2].partition(" ")[0]


def _nchan(peers: Peers, say: Callable[[str], None]) -> tuple[Path, str]:
    nginx = _of_debian(peers, say, "usr/sbin/nginx")
    _of_debian(peers, say, "usr/lib/nginx/modules/ngx_nchan_module.so")
    try:
        NGINX_FOLDER.mkdir(exist_ok=True)
    except OSError:
        raise NotToBeHad(f"nginx needs the folder {NGINX_FOLDER}, which only root can make") from None
    version = _output([str(nginx), "-v"], peers.libraries).strip().rpartition("/")[2]
    packages = [path.name for path in (peers.folder / "debian").glob("libnginx-mod-nchan_*.deb")]
    nchan = packages[0].split("_")[1].rpartition("3a")[2].partition("+")[0] if packages else "of Debian"
    return nginx, f"{nchan} on nginx {version}"


def _centrifugo(peers: Peers, say: Callable[[str], None]) -> tuple[Path, str]:
    program = peers.folder / "go" / "centrifugo"
    if not program.exists():
        if shutil.which("go") is None:
            raise NotToBeHad("Go is not on this machine")
        say("Building Centrifugo from its Go module, which takes minutes")
        environment = {**os.environ, "GOBIN": str(program.parent)}
        _output(["go", "install", CENTRIFUGO], environment, limit=1800)
    words = _output(["go", "version", "-m", str(program)], {}) if shutil.which("go") else ""
    modules = [line.split() for line in words.splitlines() if line.split()[:1] == ["mod"]]
    return program, modules[0][2].removeprefix("v") if modules else "unknown"


def _socketio(peers: Peers, say: Callable[[str], None]) -> tuple[Path, str]:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        raise NotToBeHad("Node.js and npm are not on this machine")
    folder = peers.folder / "npm"
    wanted = (PEERS / "package.json").read_text()
    kept = folder / "package.json"
    if not kept.exists() or kept.read_text() != wanted or not peers.node_modules.exists():
        say("Installing Socket.IO with its Redis adapter")
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(wanted)
        _output(["npm", "install", "--no-fund", "--no-audit", "--loglevel=error"], {}, cwd=folder, limit=300)
    version = _output([node, "-p", "require('socket.io/package.json').version"], {}, cwd=folder).strip()
    return Path(node), f"{version} on Node.js {_output([node, '--version'], {}).strip().removeprefix('v')}"


def _of_debian(peers: Peers, say: Callable[[str], None], path: str) -> Path:
    """A file of Debian's packages, which are fetched when the first is wanted."""
    program = peers.debian / path
    if not program.exists():
        _unpack_debian(peers.folder / "debian", say)
    if not program.exists():
        raise NotToBeHad("Debian's package is not to be had here")
    return program


def _unpack_debian(folder: Path, say: Callable[[str], None]) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotToBeHad("this is no Debian")
    say("Fetching nginx with Nchan, and Redis, from Debian")
    folder.mkdir(parents=True, exist_ok=True)
    download = ["apt-get", "download", "-q", *DEBIAN_PACKAGES]
    try:
        _output(download, {}, cwd=folder, limit=300)
    except NotToBeHad:
        _output(["apt-get", "update", "-q"], {}, limit=300)  # the lists are missing or old; needs root
        _output(download, {}, cwd=folder, limit=300)
    for package in folder.glob("*.deb"):
        _output(["dpkg-deb", "-x", str(package), str(folder / "root")], {})


def _output(command: list[str], environment: dict[str, str], *, cwd: Path | None = None, limit: float = 60) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )
    if done.returncode != 0:
        raise NotToBeHad(f"{command[0]}: {(done.stderr or done.stdout)[-200:]}")
    return done.stdout + done.stderr
