"""The protocol as official SDKs live it, over every transport and in both codecs."""

from __future__ import annotations

import pytest

from channels.command import AddComment
from tests.realtime.sdk.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_it_sees_what_it_writes_and_recovers_what_it_missed(desk: Desk) -> None:
    customer = await desk.node.customer()
    channel = f"customer:{customer.id}"
    dana = await desk.connected()
    await dana.subscribed(channel)
    answer = await dana.rpc("comment.add", customer_id=customer.id, body="Grüße")
    assert answer["action"]["body"] == "Grüße"
    await dana.sees(channel, 2)
    await dana.disconnect()
    for number in range(350):
        await desk.node.write("lee", AddComment(customer.id, f"missed {number}"))
    await dana.connect()
    await dana.sees(channel, 352)
    assert dana.offsets(channel) == list(range(2, 353))
    assert dana.told("subscribed", channel)[-1]["recovered"]
