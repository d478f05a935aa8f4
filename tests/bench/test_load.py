"""Reading wsload's report; and wsload itself, against the bare loop."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.load import LoadFailed, build, compile_c, parse, run
from bench.obtain import PEERS
from tests.ground.eventually import eventually_blocking
from tests.ground.ports import free_port

REPORT = """{"viewers":2,"connect_s":0.1,"connect_cpu_s":{"server":0.2},"ready":2,"failed":0,"phases":[{
"phase":"rate:1:1","elapsed_s":2.0,"cpu_s":{"server":1.0,"redis":0.5},"own_cpu_s":0.5,"busy_s":2.5,"wall_s":2.0,"sent":3,"acknowledged":3,
"ack_us":{"count":3,"p50":1500},"delivered":6,"latency_us":{"count":0}}]}"""

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="the load client is C, and there is no compiler")


def test_a_report_is_read() -> None:
    load = parse(REPORT)
    (phase,) = load.phases
    assert load.complete
    assert phase.elapsed == 2.0
    assert phase.cpu("server", "redis", "nobody") == 1.5
    assert phase.count("delivered") == 6
    assert phase.percentile("ack_us", "p50") == 1.5
    assert phase.percentile("latency_us", "p50") == float("inf")


def test_what_neither_the_servers_nor_wsload_used_was_somebody_else() -> None:
    assert parse(REPORT).foreign == pytest.approx((2.5 - 1.0 - 0.5 - 0.5) / 2.0)


def test_viewers_that_never_came_are_noticed() -> None:
    assert not parse(REPORT.replace('"ready":2', '"ready":1')).complete


@pytest.mark.parametrize("text", ["", "connection refused", "{}", '{"phases": 3}'])
def test_what_is_no_report_is_a_failure(text: str) -> None:
    with pytest.raises(LoadFailed):
        parse(text)


@pytest.fixture(scope="module")
def wsload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wsload"))


@contextmanager
def peer(folder: Path, name: str, *words: str) -> Iterator[tuple[int, int]]:
    """The port and the process of one of our own peers."""
    program, port = compile_c([PEERS / f"{name}.c"], [PEERS / "listener.h"], folder / name), free_port()
    child = subprocess.Popen([str(program), str(port), *words])
    try:
        eventually_blocking(lambda: _connects(port), within=10, what=f"{name} listens")
        yield port, child.pid
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def bareloop(tmp_path: Path) -> Iterator[tuple[int, int]]:
    with peer(tmp_path, "bareloop") as running:
        yield running


@needs_gcc
def test_every_delivery_is_counted(wsload: Path, bareloop: tuple[int, int]) -> None:
    port, pid = bareloop
    arguments = ["--port", str(port), "-n", "20", "--settle", "0", "--write", f"post:{port}:4"]
    arguments += ["--write-template", '{"body":"{body}"}', "--body", "200"]
    load = run(wsload, arguments, ["rate:50:0.4", "window:4:0.3", "closed:0.2", "each:3"], {"server": pid}, core=None)
    for phase in load.phases:
        assert phase.count("errors") == 0
        assert phase.count("acknowledged") == phase.count("sent") > 0
    rate, window, closed, each = load.phases
    assert 0 < rate.count("sent") <= 20
    assert each.count("sent") == 3
    for phase in (rate, window, closed):
        assert phase.count("delivered") == 20 * phase.count("sent")
    assert 0 < rate.percentile("latency_us", "p50") < 1000


@needs_gcc
def test_every_message_of_a_joined_frame_is_counted(wsload: Path, tmp_path: Path) -> None:
    with peer(tmp_path, "ceiling", "7", "100") as (port, pid):
        load = run(wsload, ["--port", str(port), "-n", "5", "--settle", "0"], ["idle:0.2"], {"server": pid}, core=None)
    (phase,) = load.phases
    assert phase.count("frames") > 0
    assert phase.count("delivered") == 7 * phase.count("frames")


@needs_gcc
def test_a_server_that_is_not_there_is_a_failure(wsload: Path) -> None:
    with pytest.raises(LoadFailed, match="0 of 2 viewers"):
        run(wsload, ["--port", str(free_port()), "-n", "2", "--settle", "0"], ["idle:0"], {}, core=None)


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
