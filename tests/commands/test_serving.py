"""`casewire serve` and `demo` as processes: how they start, share their work, and end."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import websockets

from server.realtime import codes
from server.signals import DEADLINE, OVERDUE
from tests.commands.conftest import Run
from tests.ground.demo import demo_server
from tests.ground.eventually import eventually, eventually_blocking
from tests.ground.ports import free_port
from tests.ground.server import PROJECT, RunningServer, Servers

STOP_WITHIN = 10.0


def workers_of(server: RunningServer) -> list[psutil.Process]:
    children = psutil.Process(server.pid).children(recursive=True)
    return [child for child in children if lives(child) and "server.worker" in words_of(child)]


def lives(process: psutil.Process) -> bool:
    """Whether it still runs; one that has ended and waits to be asked for its exit code does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def answers(port: int, path: str = "/readyz") -> int | None:
    """The status of a GET; None where nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (ConnectionError, TimeoutError):
        return None
    finally:
        connection.close()


# One process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_in_time_and_well(running_server: RunningServer, number: signal.Signals) -> None:
    began = time.monotonic()
    running_server.process.send_signal(number)
    assert running_server.process.wait(STOP_WITHIN) == 0
    assert time.monotonic() - began < STOP_WITHIN
    assert answers(running_server.port) is None


def test_a_connection_that_says_nothing_does_not_hold_up_the_end(running_server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", running_server.port)) as silent:
        silent.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")  # and never the rest
        assert running_server.stop() == 0


BLOCKED = """
import server.signals
from server.loop import run

server.signals.DEADLINE = 0.3

async def main():
    with server.signals.StopSignals.handled():
        print("blocked", flush=True)
        while True:
            pass

run(main())
"""


def test_a_process_that_is_blocked_ends_at_the_deadline() -> None:
    with subprocess.Popen([sys.executable, "-c", BLOCKED], stdout=subprocess.PIPE, cwd=PROJECT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"blocked\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_WITHIN) == OVERDUE
    assert DEADLINE < STOP_WITHIN


async def test_a_request_under_way_is_answered_before_the_end(running_server: RunningServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running_server.port)
    writer.write(
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 37\r\n\r\n"
    )
    await writer.drain()
    await asyncio.to_thread(lambda: answers(running_server.port))  # the server has read what came before
    running_server.process.send_signal(signal.SIGTERM)
    await eventually(lambda: answers(running_server.port) is None, what="nobody is let in any more")
    writer.write(b'{"username":"dana","password":"wrong"}'[:37])
    assert (await reader.readline()).startswith(b"HTTP/1.1 4")
    writer.close()
    assert await asyncio.to_thread(running_server.process.wait, STOP_WITHIN) == 0


async def test_realtime_clients_are_told_to_connect_elsewhere(servers: Servers, casewire: Run) -> None:
    assert casewire("agent", "add", "dana", "--name", "Dana").returncode == 0
    token = casewire("agent", "token", "dana").stdout.strip()
    server = await servers.start()
    async with websockets.connect(server.socket_url) as socket:
        await socket.send(f'{{"id": 1, "connect": {{"token": "{token}"}}}}')
        assert '"client"' in str(await socket.recv())
        server.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(socket.wait_closed(), STOP_WITHIN)
    assert (socket.close_code, socket.close_reason) == (codes.SHUTDOWN.code, codes.SHUTDOWN.reason)
    assert await asyncio.to_thread(server.process.wait, STOP_WITHIN) == 0


def test_a_port_that_is_taken_is_told_before_anything_is_started(casewire: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = casewire("serve", PORT=str(port), HOST="127.0.0.1")
    assert done.returncode == 1
    assert done.stderr == (
        f"casewire: Port {port} on 127.0.0.1 is in use. Stop what uses it, or choose another port: PORT={port + 1}.\n"
    )


def test_a_host_that_is_none_is_told(casewire: Run) -> None:
    done = casewire("serve", PORT="0", HOST="no.such.host.invalid")
    assert done.returncode == 1
    assert "is no address of this machine" in done.stderr


async def test_a_server_whose_history_is_replaced_ends_with_a_failure(servers: Servers, database_url: str) -> None:
    import asyncpg

    server = await servers.start()
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE history SET epoch = 'another'")
    await connection.close()
    assert await asyncio.to_thread(server.process.wait, STOP_WITHIN) == 1


# Several processes


async def test_workers_share_the_port_and_one_that_dies_is_replaced(servers: Servers) -> None:
    server = await servers.start(CASEWIRE_WORKERS="2")
    first = await eventually(lambda: len(workers_of(server)) == 2 and workers_of(server), what="two workers")
    assert isinstance(first, list)
    first[0].kill()
    await eventually(
        lambda: len([w for w in workers_of(server) if w.pid != first[0].pid]) == 2, within=20, what="a new worker"
    )
    await eventually(lambda: answers(server.port) == 200, what="it serves")
    assert await asyncio.to_thread(server.stop) == 0
    assert not [worker for worker in first if lives(worker)]


async def test_workers_end_when_their_parent_is_killed(servers: Servers) -> None:
    server = await servers.start(CASEWIRE_WORKERS="2")
    workers = await eventually(lambda: len(workers_of(server)) == 2 and workers_of(server), what="two workers")
    assert isinstance(workers, list)
    server.kill()
    await eventually(lambda: not [w for w in workers if lives(w)], within=STOP_WITHIN, what="no orphans")


def test_workers_that_cannot_start_end_the_node(casewire: Run) -> None:
    """The replica is first needed by the workers."""
    replica = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    done = casewire("serve", PORT="0", HOST="127.0.0.1", CASEWIRE_WORKERS="2", CASEWIRE_DATABASE_REPLICA_URL=replica)
    assert done.returncode == 1


# The demo


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningServer]:
    """`casewire demo` in the test's folder, ready, with no program on its PATH but the system's."""
    with demo_server({"PATH": os.defpath, "COLUMNS": "120", "CASEWIRE_DATA_DIR": str(tmp_path / "data")}) as server:
        yield server


def test_the_demo_shows_where_it_is_and_who_can_log_in(demo: RunningServer, casewire: Run, tmp_path: Path) -> None:
    words = eventually_blocking(lambda: "Ctrl-C" in demo.words() and demo.words(), what="the logins are shown")
    assert isinstance(words, str)
    assert demo.url in words
    for login in ("dana", "lee", "sam", "ines", "root"):
        assert login in words
    embedded = {"DATABASE_URL": "", "REDIS_URL": "", "CASEWIRE_SECRET_KEY": ""}
    beside = {**embedded, "CASEWIRE_DATA_DIR": str(tmp_path / "data" / "demo")}
    verified = casewire("verify", **beside)
    assert verified.returncode == 0, verified.stdout
    assert len(casewire("agent", "list", **beside).stdout.splitlines()) == 31
    assert "ok      A server runs on" in casewire("doctor", **beside).stdout
    second = casewire("demo", **{**embedded, "CASEWIRE_DATA_DIR": str(tmp_path / "data"), "PORT": "0"})
    assert second.returncode == 1
    assert "is in use by a running server" in second.stderr
