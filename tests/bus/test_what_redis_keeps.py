"""What Redis keeps for all nodes, through whole servers: counts of requests, and who is there. On Sentinel and on a
cluster, by the servers' own storage, across the death of the master that has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from channels.broker.topology import slot_of
from channels.window import Rate
from tests.ground.eventually import eventually
from tests.ground.redis import Cluster, RedisServer, cluster, watched
from tests.realtime.conftest import Node, running_node
from tests.realtime.sockets import Socket, socket

WITHIN = 30.0
RATE = Rate(400, 3600)


@dataclass
class Shared:
    """A Redis that several servers keep; `dies` is the one whose place another one takes."""

    url: str
    dies: RedisServer
    cluster: Cluster | None = None

    async def lay(self, key: bytes) -> None:
        """Sees to it that a key is kept by the one that will die."""
        if self.cluster is not None:
            slot = slot_of(key)
            owner = await self.cluster.owner(slot)
            if owner is not self.dies:
                await self.cluster.move(slot, owner, self.dies)


@asynccontextmanager
async def shared(kind: str, folder: Path) -> AsyncIterator[Shared]:
    async with AsyncExitStack() as stack:
        if kind == "sentinel":
            desk = await stack.enter_async_context(watched(folder))
            yield Shared(desk.url, desk.master)
        else:
            servers = await stack.enter_async_context(cluster(folder))
            yield Shared(servers.url, servers.masters[0], servers)


class Asker:
    """An agent who asks two nodes in turn."""

    def __init__(self, nodes: tuple[Node, Node], bearer: str) -> None:
        self._nodes = nodes
        self._headers = {"Authorization": f"Bearer {bearer}"}
        self.asked = 0

    async def get(self, path: str, node: Node | None = None) -> httpx.Response:
        chosen = node or self._nodes[self.asked % 2]
        self.asked += 1
        async with httpx.AsyncClient(base_url=chosen.url, headers=self._headers, timeout=WITHIN) as http:
            return await http.get(path)

    async def remaining(self) -> int:
        return int((await self.get("/api/me")).headers["ratelimit"].split("r=")[1].split(";")[0])


async def _counted_together(asker: Asker) -> None:
    first = await asker.remaining()
    assert [await asker.remaining() for _ in range(4)] == [first - 1, first - 2, first - 3, first - 4]


async def _both_are_seen(asker: Asker, customer_id: int, nodes: tuple[Node, Node]) -> bool:
    """By each node, and each says that this is all."""
    for node in nodes:
        found: dict[str, Any] = (await asker.get(f"/api/customers/{customer_id}/presence", node)).json()
        if not found["complete"] or len(found["viewing"]) != 2:
            return False
    return True


@pytest.mark.parametrize("kind", ["sentinel", "cluster"])
async def test_counts_and_presence_outlive_the_master_that_has_them(
    kind: str, tmp_path: Path, database_url: str
) -> None:
    async with (
        shared(kind, tmp_path) as redis,
        running_node(database_url, redis.url, rate_limit=RATE) as one,
        running_node(database_url, redis.url, rate_limit=RATE) as two,
    ):
        nodes = one, two
        await eventually(lambda: all(n.services.broker.connected for n in nodes), within=WITHIN, what="the bus")
        bearer, customer = await one.token("dana"), await one.customer()
        channel = f"customer:{customer.id}"
        await redis.lay(b"{limits}")
        await redis.lay(one.services.broker.key(channel))
        asker = Asker(nodes, bearer)
        await _counted_together(asker)
        async with socket(one.socket_url, bearer, channel) as here, socket(two.socket_url, bearer, channel) as there:
            seen = lambda: _both_are_seen(asker, customer.id, nodes)  # noqa: E731 # reason: it is asked for twice
            await eventually(seen, within=WITHIN, what="both nodes see both viewers")
            assert await _counts(here, channel) == await _counts(there, channel) == {"num_clients": 2, "num_users": 1}
            await eventually(lambda: _replicated(redis), within=WITHIN, what="the replica has what its master has")
            before = await asker.remaining()
            redis.dies.kill()
            await eventually(lambda: _again_shared(asker, nodes), within=WITHIN, what="requests are counted in Redis")
            await _counted_together(asker)
            assert await asker.remaining() < before, "by the successor, which knows what was counted before"
            await eventually(seen, within=WITHIN, what="both nodes see both viewers at the successor")


async def test_what_is_used_up_at_one_node_is_used_up_at_the_other(tmp_path: Path, database_url: str) -> None:
    """On a cluster, where the counts of all clients lie in one slot."""
    async with (
        shared("cluster", tmp_path) as redis,
        running_node(database_url, redis.url, rate_limit=Rate(6, 3600)) as one,
        running_node(database_url, redis.url, rate_limit=Rate(6, 3600)) as two,
    ):
        asker = Asker((one, two), await one.token("dana"))
        codes = [(await asker.get("/api/me")).status_code for _ in range(8)]
        assert codes == [200] * 6 + [429] * 2
        other = Asker((two, one), await one.token("lee"))
        assert (await other.get("/api/me")).status_code == 200, "another client has its own"
        assert not one.services.limits.degraded
        assert not two.services.limits.degraded


async def _counts(asking: Socket, channel: str) -> Any:
    return (await asking.ask("presence_stats", channel=channel))["presence_stats"]


async def _replicated(redis: Shared) -> bool:
    """All that was written has been acknowledged by a replica."""
    info: bytes = await redis.dies.ask("INFO", "replication")
    lines = dict(line.split(b":", 1) for line in info.splitlines() if b":" in line)
    return any(b"offset=" + lines[b"master_repl_offset"] in value for name, value in lines.items() if b"slave" in name)


async def _again_shared(asker: Asker, nodes: tuple[Node, Node]) -> bool:
    """Each node was asked, and counted where all do."""
    for node in nodes:
        await asker.get("/api/me", node)
    return not any(node.services.limits.degraded for node in nodes) and all(n.services.broker.connected for n in nodes)
