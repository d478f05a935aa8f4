"""The shipped server against RFC 6455, over raw sockets: what must be answered, what must be refused, how it ends."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tests.ground.eventually import eventually_blocking
from tests.ground.server import RunningServer
from tests.wire.peer import Frame, Peer, client_frame, close, peer, text
from tests.wire.test_reader import WRONG


@pytest.fixture(autouse=True)
def no_trouble_in_the_log(server: RunningServer) -> Iterator[None]:
    before = len(server.words())
    yield
    said = server.words()[before:]
    assert "Traceback" not in said
    assert '"level":"error"' not in said
    assert '"level":"warning"' not in said


def connect(token: str) -> bytes:
    return json.dumps({"id": 1, "connect": {"token": token}}).encode()


def test_the_handshake(server: RunningServer) -> None:
    one = Peer(server.port)
    head = one.open().lower()
    assert head.startswith("http/1.1 101 ")
    assert "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head  # the example of RFC 6455
    assert "sec-websocket-protocol" not in head
    assert "sec-websocket-extensions" not in head, "nothing was offered and nothing is on"
    one.socket.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_WebSocket_Version": "12"}, 426),
        ({"Sec_WebSocket_Version": ""}, 426),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
        ({"Sec_WebSocket_Key": "not base64 at all!!!!!=="}, 400),
        ({"Origin": "https://elsewhere.example"}, 403),
    ],
)
def test_a_handshake_that_is_refused(server: RunningServer, headers: dict[str, str], status: int) -> None:
    with peer(server.port, opened=False) as one:
        head = one.open(**headers)
        assert head.startswith(f"HTTP/1.1 {status} ")
        assert ("sec-websocket-version: 13" in head.lower()) == (status == 426)
        assert one.ends()


def test_no_socket_elsewhere(server: RunningServer) -> None:
    with peer(server.port, opened=False) as one:
        assert one.open("/connection/nowhere").startswith(("HTTP/1.1 403 ", "HTTP/1.1 404 "))
        assert one.ends()


def test_the_same_path_by_an_ordinary_request(server: RunningServer) -> None:
    with peer(server.port, opened=False) as one:
        assert one.open(Upgrade="", Connection="close").startswith("HTTP/1.1 404 ")


@pytest.mark.parametrize("name", WRONG)
def test_a_violation_is_answered_with_its_code(server: RunningServer, name: str) -> None:
    stream, code = WRONG[name]
    with peer(server.port) as one:
        one.send(stream)
        told = one.frame()
        assert (told.opcode, told.code) == (8, code)
        one.send(close(code))
        assert one.ends()


def test_the_code_of_a_message_too_big_arrives_although_more_is_under_way(server: RunningServer) -> None:
    with peer(server.port) as one:
        one.send(text(b"x" * 1_000_000))
        assert one.frame().code == 1009
        one.send(close(1009))
        assert one.ends()


@pytest.mark.parametrize("payload", [b"", b"hello", b"\x00\xff\xfe", b"x" * 125])
def test_a_ping_is_answered_with_its_payload(server: RunningServer, payload: bytes) -> None:
    with peer(server.port) as one:
        one.send(client_frame(10, b"unasked") + client_frame(9, payload))
        assert one.frame() == Frame(10, payload)


def test_ten_pings_are_answered_in_order(server: RunningServer) -> None:
    with peer(server.port) as one:
        one.send(b"".join(client_frame(9, b"%d" % n) for n in range(10)))
        assert [one.frame().payload for _ in range(10)] == [b"%d" % n for n in range(10)]


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
def test_a_close_is_answered_with_the_same_code(server: RunningServer, code: int) -> None:
    with peer(server.port) as one:
        one.send(close(code, b"bye") + text("{}"))
        told = one.frame()
        assert (told.opcode, told.code) == (8, code)
        assert one.ends()


def test_an_empty_close_is_answered_with_an_empty_one(server: RunningServer) -> None:
    with peer(server.port) as one:
        one.send(close(None))
        assert one.frame() == Frame(8, b"")
        assert one.ends()


def test_commands_in_fragments_with_a_ping_in_between(server: RunningServer, token: str) -> None:
    command = connect(token)
    with peer(server.port) as one:
        one.send(text(command[:7], first=0) + client_frame(9, b"?") + client_frame(0, command[7:20], first=0))
        assert one.frame() == Frame(10, b"?")
        one.send(client_frame(0, b"", first=0) + client_frame(0, command[20:]))
        assert one.messages()[0]["connect"]["client"]


def test_a_command_byte_by_byte(server: RunningServer, token: str) -> None:
    with peer(server.port) as one:
        one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = text(connect(token))
        for place in range(len(stream)):
            one.send(stream[place : place + 1])
        assert one.messages()[0]["connect"]["client"]


def test_several_frames_at_once_are_answered_in_one(server: RunningServer, token: str) -> None:
    with peer(server.port) as one:
        one.send(text(connect(token)) + text('{"id":2,"unsubscribe":{"channel":"customer:1"}}'))
        told: list[int] = []
        while len(told) < 2:
            told += [message["id"] for message in one.messages()]
        assert told == [1, 2]


@pytest.mark.parametrize("payload", [b"", b"\n", b"[]", b"{", b"{}\n\n{}"])
def test_what_is_no_command_ends_with_bad_request(server: RunningServer, payload: bytes) -> None:
    with peer(server.port) as one:
        one.send(text(payload))
        told = one.frame()
        assert (told.opcode, told.code) == (8, 3501)
        assert told.payload[2:] == b"bad request"


def test_a_peer_that_does_not_answer_our_close_is_dropped(server: RunningServer) -> None:
    with peer(server.port) as one:
        one.send(text("nonsense"))
        assert one.frame().code == 3501
        one.send(text("{}") * 10)  # and no closing frame
        assert one.ends()


def open_connections(server: RunningServer) -> int:
    with peer(server.port, opened=False) as one:
        one.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        one.head()
        body = b""
        while data := one.socket.recv(65536):
            body += data
        line = next(
            line for line in (one._read + body).decode().splitlines() if line.startswith("casewire_connections ")
        )
        return int(float(line.split()[1]))


@pytest.mark.parametrize("how", ["reset", "half closed", "closed"])
def test_a_peer_that_is_gone_leaves_nothing_behind(server: RunningServer, token: str, how: str) -> None:
    eventually_blocking(lambda: open_connections(server) == 0, what="those of other tests are gone")
    one = Peer(server.port)
    one.open()
    one.send(text(connect(token)))
    one.messages()
    assert open_connections(server) == 1
    if how == "reset":
        one.reset()
    elif how == "half closed":
        one.socket.shutdown(socket.SHUT_WR)
        assert one.ends()
    else:
        one.socket.close()
    eventually_blocking(lambda: open_connections(server) == 0, what="the connection is forgotten")
    one.socket.close()


def test_protobuf_travels_in_binary_frames(server: RunningServer) -> None:
    with peer(server.port, opened=False) as one:
        head = one.open(Sec_WebSocket_Protocol="centrifuge-protobuf, centrifuge-json").lower()
        assert "sec-websocket-protocol: centrifuge-protobuf" in head
        one.send(client_frame(2, b"\x04\x08\x01\x22\x00"))  # id 1, an empty connect
        assert one.frame().code == 3500
