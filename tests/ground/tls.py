"""TLS in front of a server that speaks none, with a certificate of the test's own, as many hosts of Redis have it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHUNK = 65536
TLS_HANDSHAKE = b"\x16"
"""The first byte of a client that speaks TLS (RFC 8446 section 5.1)."""


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's own Redis")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "redis.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class TlsDoor:
    """Stands before a server at a port of 127.0.0.1; from `open` on it listens at `port`.

    Who speaks TLS is served by TLS. With `plainly` others are let in as they are: servers of a Redis cluster and a
    Sentinel, which are told this address too and speak no TLS to each other here. `by_tls` counts connections.
    """

    def __init__(self, server: int, certificate: Path, *, plainly: bool = False) -> None:
        self._server = server
        self._plainly = plainly
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._tasks: set[asyncio.Task[None]] = set()
        self.by_tls = 0
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, server: int, certificate: Path, *, plainly: bool = False) -> AsyncIterator[TlsDoor]:
        door = cls(server, certificate, plainly=plainly)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            door.port = listening.getsockname()[1]
            accepting = asyncio.create_task(door._accept(listening))
            try:
                yield door
            finally:
                tasks = [accepting, *door._tasks]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            client, _ = await asyncio.get_running_loop().sock_accept(listening)
            task = asyncio.create_task(self._serve(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: socket.socket) -> None:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        try:
            tls = not self._plainly or await _first_byte(client) == TLS_HANDSHAKE
            transport, protocol = await loop.connect_accepted_socket(
                lambda: asyncio.StreamReaderProtocol(reader), client, ssl=self._context if tls else None
            )
        except OSError:
            client.close()
            return
        self.by_tls += tls
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._server)
        except OSError:
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, upstream_writer))
                both.create_task(_pass_on(upstream_reader, writer))
        finally:
            writer.transport.abort()
            upstream_writer.transport.abort()


async def _first_byte(client: socket.socket) -> bytes:
    """Of what a client says, which it still has to be read for."""
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(client, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(client)
    return client.recv(1, socket.MSG_PEEK)


@asynccontextmanager
async def behind_tls(port: int, certificate: Path) -> AsyncIterator[int]:
    """The port where the server of `port` is reached by TLS."""
    async with TlsDoor.open(port, certificate) as door:
        yield door.port


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.transport.abort()
