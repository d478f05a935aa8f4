"""A WebSocket client that says exactly the bytes that it is told to, over a plain blocking socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

MASK = b"\x37\xfa\x21\x3d"
PATIENCE = 20.0
RECEIVE_BUFFER = 64 * 1024
"""Small, so that what is not read soon waits on the server's side."""

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def client_frame(opcode: int, payload: bytes = b"", *, first: int = 0x80, mask: bytes | None = MASK) -> bytes:
    """A frame as a client sends it; `first` holds FIN and the reserved bits. Without a mask: the violation."""
    length = len(payload)
    head = bytes((first | opcode,))
    masked = 0 if mask is None else 0x80
    if length < 126:
        head += bytes((masked | length,))
    elif length < 65536:
        head += bytes((masked | 126,)) + length.to_bytes(2, "big")
    else:
        head += bytes((masked | 127,)) + length.to_bytes(8, "big")
    if mask is None:
        return head + payload
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + body


def text(payload: str | bytes, *, first: int = 0x80) -> bytes:
    return client_frame(1, payload.encode() if isinstance(payload, str) else payload, first=first)


def close(code: int | None, reason: bytes = b"") -> bytes:
    return client_frame(8, b"" if code is None else code.to_bytes(2, "big") + reason)


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes
    compressed: bool = False

    @property
    def code(self) -> int | None:
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


class Peer:
    """Connected at the TCP level; `open` shakes hands."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self._read = b""

    def open(self, path: str = "/connection/websocket", **headers: str) -> str:
        """The head of the response."""
        self.request(path, **headers)
        return self.head()

    def request(self, path: str = "/connection/websocket", **headers: str) -> None:
        given = {
            "Host": "localhost",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": KEY,
            "Sec-WebSocket-Version": "13",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value)]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def head(self) -> str:
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        return head.decode()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def frame(self) -> Frame:
        first, second = self._take(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
        return Frame(first & 0x0F, self._take(length), bool(first & 0x40))

    def messages(self) -> list[dict[str, Any]]:
        """The JSON messages of the next text frame."""
        frame = self.frame()
        assert frame.opcode == 1, frame
        return [orjson.loads(line) for line in frame.payload.split(b"\n")]

    def ends(self) -> bool:
        """Whether the server has closed the connection: waits for it, whatever is still on the way."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        self.socket.close()
        return True

    def reset(self) -> None:
        """Vanishes without a goodbye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _take(self, count: int) -> bytes:
        while len(self._read) < count:
            self._more()
        taken, self._read = self._read[:count], self._read[count:]
        return taken

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the connection ended after {self._read!r}")
        self._read += data


@contextmanager
def peer(port: int, *, opened: bool = True) -> Iterator[Peer]:
    one = Peer(port)
    try:
        if opened:
            assert one.open().startswith("HTTP/1.1 101 ")
        yield one
    finally:
        one.socket.close()
