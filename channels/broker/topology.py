"""Which servers there are now, and which of them serves a key: of one server, of Sentinel, of a cluster."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from channels.broker.address import Credentials, Endpoint, Kind, RedisAddress
from channels.broker.connection import UNAVAILABLE, RedisConnection, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SLOTS = 16384


def slot_of(key: bytes) -> int:
    """The cluster's slot of a key: of the part in braces, if there is one."""
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    return crc_hqx(key, 0) % SLOTS


@dataclass(frozen=True, slots=True)
class Layout:
    """The masters, and for each slot the index of its master (empty where one server has all; -1 for nobody).

    `sharded`: messages travel within the shard of their channel, as from Redis 7 on; otherwise a message that is
    published at any node reaches the subscribers of all.
    """

    masters: tuple[Endpoint, ...]
    owners: tuple[int, ...] = ()
    sharded: bool = False

    def owner(self, key: bytes) -> Endpoint | None:
        if not self.owners:
            return self.masters[0]
        index = self.owners[slot_of(key)]
        return None if index < 0 else self.masters[index]


class Topology(Protocol):
    async def discover(self) -> Layout:
        """Asks whoever knows. Raises one of UNAVAILABLE."""
        ...


def topology_of(address: RedisAddress) -> Topology:
    match address.kind:
        case Kind.SINGLE:
            return _Single(address)
        case Kind.SENTINEL:
            return _Sentinel(address)
        case Kind.CLUSTER:
            return _Cluster(address)


class NotFound(ConnectionError):
    """Nobody could say where the servers are."""


@asynccontextmanager
async def _asking(
    endpoint: Endpoint, address: RedisAddress, credentials: Credentials
) -> AsyncIterator[RedisConnection]:
    connection = await connect(endpoint, address, credentials)
    try:
        yield connection
    finally:
        connection.abort()


class _Single:
    def __init__(self, address: RedisAddress) -> None:
        self._layout = Layout(address.seeds)

    async def discover(self) -> Layout:
        return self._layout


class _Sentinel:
    """The master that a Sentinel names and that says itself that it is one: a Sentinel may be behind."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._sentinels = list(address.seeds)

    async def discover(self) -> Layout:
        errors: list[str] = []
        for sentinel in tuple(self._sentinels):
            try:
                async with _asking(sentinel, self._address, self._address.sentinel_credentials) as connection:
                    found = await connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.service)
                if found is None:
                    errors.append(f"{sentinel} knows no service {self._address.service}")
                    continue
                master = Endpoint(found[0].decode(), int(found[1]))
                async with _asking(master, self._address, self._address.credentials) as connection:
                    role = await connection.call("ROLE")
            except UNAVAILABLE as error:
                errors.append(f"{sentinel}: {str(error) or type(error).__name__}")
                continue
            if role[0] == b"master":
                self._sentinels.remove(sentinel)
                self._sentinels.insert(0, sentinel)
                return Layout((master,))
            errors.append(f"{master} is no master")
        raise NotFound("; ".join(errors))


class _Cluster:
    """Asks the nodes known from the last time, then those of the URL."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._known: tuple[Endpoint, ...] = ()

    async def discover(self) -> Layout:
        errors: list[str] = []
        for node in dict.fromkeys((*self._known, *self._address.seeds)):
            try:
                async with _asking(node, self._address, self._address.credentials) as connection:
                    slots, commands = await connection.batch([("CLUSTER", "SLOTS"), ("COMMAND", "INFO", "SSUBSCRIBE")])
            except UNAVAILABLE as error:
                errors.append(f"{node}: {str(error) or type(error).__name__}")
                continue
            if not isinstance(slots, list) or not slots:
                errors.append(f"{node}: {slots or 'serves no slots yet'}")
                continue
            layout = _layout(slots, node, sharded=isinstance(commands, list) and commands[0] is not None)
            self._known = layout.masters
            return layout
        raise NotFound("; ".join(errors))


def _layout(ranges: Sequence[Sequence[Any]], asked: Endpoint, *, sharded: bool) -> Layout:
    owners = [-1] * SLOTS
    masters: dict[Endpoint, int] = {}
    for first, last, (host, port, *_), *_replicas in ranges:
        # a node that does not know its own address leaves the host out: it is the one that was asked
        master = Endpoint(host.decode() if host and host != b"?" else asked.host, port)
        index = masters.setdefault(master, len(masters))
        owners[first : last + 1] = [index] * (last + 1 - first)
    return Layout(tuple(masters), tuple(owners), sharded)
