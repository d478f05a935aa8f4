"""Under an ASGI server that knows nothing of our scope extension: slower, and the same to see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from channels.command import AddComment
from channels.names import customer_channel
from channels.push import signal
from server.realtime.direct import SocketProtocol
from tests.ground.eventually import eventually, turns
from tests.realtime.client import connected
from tests.realtime.conftest import Node, running_node
from tests.wire.peer import Peer, text


@pytest.fixture
async def node(database_url: str, redis_url: str) -> AsyncIterator[Node]:
    async with running_node(database_url, redis_url, http="httptools") as node:
        yield node


@pytest.mark.parametrize("protobuf", [False, True])
async def test_an_sdk_writes_and_watches(node: Node, protobuf: bool) -> None:
    customer = await node.customer()
    async with connected(node.socket_url, await node.token("dana"), protobuf=protobuf) as dana:
        _, watcher = await dana.watch(customer.id)
        assert not any(isinstance(one, SocketProtocol) for one in node.server.server_state.connections)
        await dana.call("comment.add", customer_id=customer.id, body="mine")
        await node.write("lee", AddComment(customer.id, "theirs"))
        await watcher.sees(3)
        assert watcher.offsets == [2, 3]
    await eventually(lambda: len(node.services.sessions) == 0, what="forgotten")


async def test_what_is_no_command_ends_with_its_code(node: Node) -> None:
    one = await asyncio.to_thread(Peer, node.port)
    await asyncio.to_thread(one.open)
    one.send(text("nonsense"))
    assert (await asyncio.to_thread(one.frame)).code == 3501
    one.socket.close()


async def test_a_slow_reader_is_let_go(node: Node) -> None:
    customer = await node.customer()
    one = await asyncio.to_thread(Peer, node.port)
    await asyncio.to_thread(one.open)
    commands = [{"connect": {"token": await node.token("dana")}}, {"subscribe": {"channel": f"customer:{customer.id}"}}]
    one.send(text("\n".join(json.dumps({"id": n, **command}) for n, command in enumerate(commands, 1))))
    await eventually(lambda: node.services.sessions.all() and node.services.sessions.all()[0].subscriptions)

    async def gone() -> bool:
        node.services.hub.deliver(signal(customer_channel(customer.id), {"filling": "x" * 200_000}))
        await turns()
        return len(node.services.sessions) == 0

    await eventually(gone, what="cut off")
    await eventually(lambda: not node.server.server_state.tasks, what="the ASGI call has ended")
    one.socket.close()
