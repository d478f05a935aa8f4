"""The official Python SDK over WebSocket, in JSON and in Protobuf."""

from __future__ import annotations

import pytest
from centrifuge import ReplyError

from channels.command import AddComment
from tests.realtime.client import connected
from tests.realtime.conftest import Node

codecs = pytest.mark.parametrize("protobuf", [False, True], ids=["json", "protobuf"])


@codecs
async def test_it_sees_live_what_it_writes_and_recovers_what_it_missed(node: Node, protobuf: bool) -> None:
    customer = await node.customer()
    async with connected(node.socket_url, await node.token("dana"), protobuf=protobuf) as dana:
        _, watcher = await dana.watch(customer.id)
        answer = await dana.call("comment.add", customer_id=customer.id, body="Grüße")
        assert answer["action"]["body"] == "Grüße"
        await watcher.sees(2)
        await dana.client.disconnect()
        for number in range(350):
            await node.write("lee", AddComment(customer.id, f"missed {number}"))
        await dana.client.connect()
        await watcher.sees(352)
        assert watcher.offsets == list(range(2, 353))
        assert watcher.subscribed[-1].recovered


@codecs
async def test_a_refusal_has_its_code_and_words(node: Node, protobuf: bool) -> None:
    async with connected(node.socket_url, await node.token("dana"), protobuf=protobuf) as dana:
        with pytest.raises(ReplyError) as refused:
            await dana.call("customer.get", customer_id=404)
        assert (refused.value.code, refused.value.message) == (404, "not-found")
