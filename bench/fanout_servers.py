"""The servers that the fan-out compares, and how the load client talks to each.

Server processes (and their Redis) are on one core, the load client and whatever only publishes on the other.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.bench import Bench
from bench.ground import wait_for
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.obtain import PEERS
from tests.ground.ports import free_port

BODY = 145
"""Bytes of a comment's text. Its publication is then about `MESSAGE` bytes on the wire."""

MESSAGE = 500
"""Bytes of the peers' messages: what a comment of ours is on the wire, with its author, number, time and ids."""

WINDOW = 128
"""Messages under way at saturation, where what waits together is sent together; and how many writers there are.

With 64 both servers that join messages are slower, with 256 neither is faster."""

JOINED = 64
"""Messages in a frame of the ceiling: somewhat more than at saturation in one of ours."""

CONNECT = '{"id":1,"connect":{"token":"{token}","name":"bench"}}'
JOIN = CONNECT + '\n{"id":2,"subscribe":{"channel":"customer:{customer}"{recover}}}'
"""What an SDK says in its first frame."""

COMMENT = (
    '{"id":{id},"rpc":{"method":"comment.add","data":{"customer_id":{customer},"body":"{body}","command_id":"{uuid}"}}}'
)
SOCKET = "/connection/websocket"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: what to tell wsload, and whose CPU counts. `server` and `redis` are the roots' names."""

    viewing: Sequence[str]
    writing: Sequence[str]
    roots: Mapping[str, int]
    window: int
    """Messages under way at saturation: as many as the server is fastest with."""


def viewing(port: int, tokens: Path, customers: str = "1:1") -> list[str]:
    """How viewers of ours connect, subscribe and answer pings."""
    words = ["--port", str(port), "--path", SOCKET, "--first-frame", JOIN, "--ready", '"subscribe":', "--answer-braces"]
    return [*words, "--tokens", str(tokens), "--customers", customers]


def writing(port: int, writers: int, customers: str = "1:1", body: int = BODY) -> list[str]:
    """How agents write comments through the socket."""
    words = ["--write", f"rpc:{port}:{writers}", "--write-path", SOCKET, "--write-first-frame", CONNECT]
    return [*words, "--write-template", COMMENT, "--write-customers", customers, "--body", str(body)]


@contextmanager
def casewire(bench: Bench) -> Iterator[Running]:
    """Viewers on one node, writers on a second one, so that everything passes through Redis."""
    ground = bench.ground
    with (
        ground.redis(SERVER_CORE) as redis,
        ground.node("people", redis, SERVER_CORE) as node,
        ground.node("people", redis, LOAD_CORE) as other,
    ):
        ground.put_postgres(LOAD_CORE)
        yield Running(
            viewing(node.port, ground.tokens(range(1, 201))),
            writing(other.port, WINDOW),
            {"server": node.pid, "redis": redis.pid, "writer": other.pid, "postgres": ground.postgres_pid},
            window=WINDOW,
        )


def _post(port: int, path: str, template: str, *more: str) -> list[str]:
    words = ["--write", f"post:{port}:{WINDOW}", "--write-path", path, "--write-template", template]
    return [*words, "--body", str(MESSAGE - len(template)), *more]


PLAIN = '{"type":"action","customer_id":1,"body":"{body}"}'


@contextmanager
def bareloop(bench: Bench) -> Iterator[Running]:
    port = free_port()
    with bench.ground.process("bareloop", [str(bench.peers.programs["bareloop"]), str(port)], SERVER_CORE, {}) as pid:
        _wait(bench, port, "bareloop")
        yield Running(["--port", str(port), "--path", "/"], _post(port, "/publish", PLAIN), {"server": pid}, window=8)


@contextmanager
def ceiling(bench: Bench) -> Iterator[Running]:
    """No server: bytes for the load client, to see what this machine and that client can take. Nobody writes."""
    port = free_port()
    command = [str(bench.peers.programs["ceiling"]), str(port), str(JOINED), str(MESSAGE)]
    with bench.ground.process("ceiling", command, SERVER_CORE, {}) as pid:
        _wait(bench, port, "ceiling")
        yield Running(["--port", str(port), "--path", "/"], [], {"server": pid}, window=0)


@contextmanager
def nchan(bench: Bench) -> Iterator[Running]:
    port, folder = free_port(), bench.ground.temporary / "nginx"
    folder.mkdir(exist_ok=True)
    with bench.ground.redis(SERVER_CORE) as redis:
        blanks = {
            "MODULE": str(bench.peers.debian / "usr/lib/nginx/modules/ngx_nchan_module.so"),
            "USER": pwd.getpwuid(os.geteuid()).pw_name,
            "FOLDER": str(folder),
            "PORT": str(port),
            "REDIS_PORT": str(redis.port),
        }
        configuration = _filled("nchan.conf", blanks, folder)
        command = [
            str(bench.peers.programs["nchan"]),
            "-p",
            str(folder),
            "-c",
            str(configuration),
            "-e",
            f"{folder}/error.log",
        ]
        with bench.ground.process("nchan", command, SERVER_CORE, bench.peers.libraries) as pid:
            _wait(bench, port, "nchan")
            yield Running(
                ["--port", str(port), "--path", "/viewers"],
                _post(port, "/publish", PLAIN),
                {"server": pid, "redis": redis.pid},
                window=8,
            )


@contextmanager
def centrifugo(bench: Bench) -> Iterator[Running]:
    """Without history or recovery, which would cost it more: its channel is a plain one."""
    port = free_port()
    with bench.ground.redis(SERVER_CORE) as redis:
        blanks = {'"@PORT@"': str(port), "@REDIS_PORT@": str(redis.port)}
        configuration = _filled("centrifugo.json", blanks, bench.ground.temporary, marks="")
        command = [str(bench.peers.programs["centrifugo"]), "-c", str(configuration)]
        with bench.ground.process("centrifugo", command, SERVER_CORE, {}) as pid:
            _wait(bench, port, "centrifugo")
            join = '{"id":1,"connect":{"name":"bench"}}\n{"id":2,"subscribe":{"channel":"bench"}}'
            words = [
                "--port",
                str(port),
                "--path",
                SOCKET,
                "--first-frame",
                join,
                "--ready",
                '"subscribe":',
                "--answer-braces",
            ]
            yield Running(
                words,
                _post(port, "/api/publish", '{"channel":"bench","data":' + PLAIN + "}"),
                {"server": pid, "redis": redis.pid},
                window=WINDOW,
            )


@contextmanager
def socketio(bench: Bench) -> Iterator[Running]:
    port = free_port()
    with bench.ground.redis(SERVER_CORE) as redis:
        command = [str(bench.peers.programs["socketio"]), str(PEERS / "socketio.cjs"), str(port), str(redis.port)]
        environment = {"NODE_PATH": str(bench.peers.node_modules)}
        with bench.ground.process("socketio", command, SERVER_CORE, environment) as pid:
            _wait(bench, port, "socketio")
            words = ["--port", str(port), "--path", "/socket.io/?EIO=4&transport=websocket"]
            yield Running(
                [*words, "--first-frame", "40", "--ready", "40", "--answer-engine-io"],
                _post(port, "/publish", PLAIN),
                {"server": pid, "redis": redis.pid},
                window=8,
            )


SERVERS = {
    "casewire": casewire,
    "bareloop": bareloop,
    "nchan": nchan,
    "centrifugo": centrifugo,
    "socketio": socketio,
}


def _filled(name: str, blanks: Mapping[str, str], folder: Path, marks: str = "@") -> Path:
    text = (PEERS / name).read_text()
    for blank, value in blanks.items():
        text = text.replace(f"{marks}{blank}{marks}", value)
    path = folder / name
    path.write_text(text)
    return path


def _wait(bench: Bench, port: int, name: str) -> None:
    wait_for(lambda: _listens(port), name, bench.ground.temporary / f"{name}.log")


def _listens(port: int) -> bool:
    """Without connecting: a connection that says nothing would be in some server's way."""
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in listening)
