"""A cluster and a Sentinel by TLS: what they tell of are addresses that are reached by TLS as well.

No Redis with TLS is needed: before each server stands a door that speaks it, and each server announces its door. The
servers themselves come through the same doors without TLS.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from channels.redis_broker import why_unreachable
from tests.bus.follower import Follower, Sending, pair, reaches
from tests.ground.eventually import eventually
from tests.ground.redis import Cluster, RedisServer, cluster, watched
from tests.ground.tls import TlsDoor, make_certificate

CHANNELS = [f"customer:{number}" for number in range(1, 25)]
WITHIN = 30.0


@asynccontextmanager
async def doors_before(servers: Sequence[RedisServer], certificate: Path) -> AsyncIterator[list[TlsDoor]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(TlsDoor.open(server.port, certificate, plainly=True)) for server in servers
        ]


async def exchanges(one: Follower, other: Follower) -> None:
    """Both hear each other on all channels."""
    await reaches(one, other, CHANNELS, within=WITHIN)
    await reaches(other, one, CHANNELS, within=WITHIN)


async def survives(one: Follower, other: Follower, dying: RedisServer) -> None:
    """A master dies while messages travel: who follows what it carried is told that something may be missing, and is
    served by its successor."""
    before = {channel: len(times) for channel, times in other.missed.items()}
    async with Sending(one, CHANNELS):
        dying.kill()
        await eventually(
            lambda: any(len(times) > before.get(channel, 0) for channel, times in other.missed.items()),
            within=WITHIN,
            what="the loss is told",
        )
    await exchanges(one, other)


async def test_a_cluster_by_tls(tmp_path: Path, redis_prefix: str) -> None:
    certificate = make_certificate(tmp_path)
    async with cluster(tmp_path) as servers, doors_before(servers.servers, certificate) as doors:
        for server, door in zip(servers.servers, doors, strict=True):
            await server.ask("CONFIG", "SET", "cluster-announce-port", door.port)
        ports = {door.port for door in doors}
        for server in servers.servers:
            announced = partial(_all_announce, server, ports)
            await eventually(announced, within=WITHIN, what="every server tells of the doors")
        await eventually(lambda: _follows(servers), within=WITHIN, what="the replica follows, through the door")
        url = f"rediss+cluster://127.0.0.1:{doors[0].port},127.0.0.1:{doors[1].port}?ssl_ca_certs={certificate}"
        assert await why_unreachable(url) is None
        async with pair(url, redis_prefix, CHANNELS) as (one, other):
            await one.follow(CHANNELS)
            await exchanges(one, other)
            assert all(door.by_tls >= 2 for door in doors[:3]), "through each of the masters"
            await survives(one, other, servers.masters[0])
            assert doors[3].by_tls >= 2, "through the replica, which took over"


async def test_a_sentinel_by_tls(tmp_path: Path, redis_prefix: str) -> None:
    certificate = make_certificate(tmp_path)
    async with (
        watched(tmp_path) as desk,
        doors_before([desk.master, desk.replica, desk.sentinel], certificate) as (master, replica, sentinel),
    ):
        await desk.replica.ask("CONFIG", "SET", "replica-announce-port", replica.port)
        await desk.replica.ask("REPLICAOF", "127.0.0.1", master.port)
        told = f"port={replica.port},state=online".encode()
        await eventually(
            lambda: _says(desk.master, ("INFO", "replication"), told), within=WITHIN, what="the replica is there"
        )
        ask = desk.sentinel.ask
        await ask("SENTINEL", "REMOVE", "desk")
        await ask("SENTINEL", "MONITOR", "desk", "127.0.0.1", master.port, 1)
        await ask("SENTINEL", "SET", "desk", "down-after-milliseconds", 400, "failover-timeout", 5000)
        known = partial(_says, desk.sentinel, ("SENTINEL", "REPLICAS", "desk"), str(replica.port).encode())
        await eventually(known, within=WITHIN, what="the Sentinel knows the replica by its door")
        url = f"rediss+sentinel://127.0.0.1:1,127.0.0.1:{sentinel.port}/desk?ssl_ca_certs={certificate}"
        assert await why_unreachable(url) is None
        async with pair(url, redis_prefix, CHANNELS) as (one, other):
            await one.follow(CHANNELS)
            await exchanges(one, other)
            assert master.by_tls >= 2
            assert sentinel.by_tls >= 2
            await survives(one, other, desk.master)
            assert replica.by_tls >= 2


@pytest.mark.parametrize("kind", ["cluster", "sentinel"])
async def test_who_is_not_trusted_is_told_so(kind: str, tmp_path: Path) -> None:
    """Neither the seeds nor what they tell of are spoken to without their certificate."""
    certificate = make_certificate(tmp_path)
    async with watched(tmp_path) as desk, TlsDoor.open(desk.sentinel.port, certificate) as door:
        path = "/desk" if kind == "sentinel" else ""
        reason = await why_unreachable(f"rediss+{kind}://127.0.0.1:{door.port}{path}")
        assert reason is not None
        assert "certificate" in reason
        assert door.by_tls == 0


async def _all_announce(server: RedisServer, ports: set[int]) -> bool:
    nodes = (await server.ask("CLUSTER", "NODES")).decode().splitlines()
    found = {int(node.split()[1].split(":")[1].split("@")[0]) for node in nodes}
    return found == ports


async def _follows(servers: Cluster) -> bool:
    return await _says(servers.replica, ("INFO", "replication"), b"master_link_status:up")


async def _says(server: RedisServer, question: tuple[str, ...], words: bytes) -> bool:
    answer = await server.ask(*question)
    await asyncio.sleep(0)
    return words in (answer if isinstance(answer, bytes) else repr(answer).encode())
