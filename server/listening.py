"""The sockets that the server listens on, taken before anything else is started."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import Any


class AddressTaken(Exception):
    """Nothing can listen there; `str(error)` says why and what to do."""


def bind(host: str, port: int) -> list[socket.socket]:
    """A socket for each address that `host` means. They are bound but do not listen yet.

    Port 0 is any free one, at the first address alone. Raises AddressTaken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise AddressTaken(f"HOST {host} is no address of this machine: {error.strerror}.") from None
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    bound: list[socket.socket] = []
    try:
        for family, address in addresses[:1] if port == 0 else addresses:
            bound.append(_bind_one(family, address))
    except OSError as error:
        close_all(bound)
        raise AddressTaken(_sentence(error, host, port)) from None
    return bound


def _bind_one(family: int, address: tuple[Any, ...]) -> socket.socket:
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            with suppress(OSError):  # `::` means every address, of either family, where the system can do that
                taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        taken.bind(address)
    except OSError:
        taken.close()
        raise
    return taken


def close_all(sockets: list[socket.socket]) -> None:
    """Gives the addresses back."""
    for one in sockets:
        one.close()


def address_of(sockets: list[socket.socket]) -> str:
    """The address for a browser on this machine: `http://127.0.0.1:8000`."""
    host, port = sockets[0].getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 # reason: compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Stop what uses it, or choose another port: PORT={port + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} is not for ordinary accounts. Choose one above 1023: PORT=8000."
    return f"The server cannot listen on {host}, port {port}: {error.strerror}."
