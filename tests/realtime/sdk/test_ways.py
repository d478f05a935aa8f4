"""The protocol as official SDKs live it, over every transport and in both codecs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from channels.command import AddComment, Base, UpdateCustomer
from tests.ground.eventually import eventually
from tests.realtime.sdk.conftest import Desk
from tests.realtime.sdk.js_peer import JsPeer
from tests.realtime.sdk.peer import WAYS, PeerError

pytestmark = pytest.mark.asyncio(loop_scope="package")
js_alone = pytest.mark.parametrize("desk", [way for way in WAYS if way.sdk == "js"], ids=str, indirect=True)


async def test_it_sees_what_it_writes_and_recovers_what_it_missed(desk: Desk) -> None:
    customer = await desk.node.customer()
    channel = f"customer:{customer.id}"
    dana = await desk.connected()
    await dana.subscribed(channel)
    answer = await dana.rpc("comment.add", customer_id=customer.id, body="Grüße\n2")
    assert answer["action"]["body"] == "Grüße\n2"
    await dana.sees(channel, 2)
    await dana.disconnect()
    await asyncio.gather(*(desk.node.write("lee", AddComment(customer.id, f"{number}")) for number in range(305)))
    await dana.connect()
    await dana.sees(channel, 307)
    assert dana.offsets(channel) == list(range(2, 308)), "more than one reply holds, nothing twice"
    assert dana.told("subscribed", channel)[-1]["recovered"]
    assert dana.told("publication", channel)[0]["data"]["action"]["body"] == "Grüße\n2"


async def test_subscriptions_that_are_made_before_the_connection_come_with_it(desk: Desk) -> None:
    """The JavaScript SDK sends them in the first frame, behind the connect command."""
    customers = [await desk.node.customer() for _ in range(3)]
    dana = await desk.open(await desk.token("dana"))
    for customer in customers:
        await dana.subscribe(f"customer:{customer.id}")
    await dana.connect()
    for customer in customers:
        await dana.tells("subscribed", f"customer:{customer.id}")
    await desk.node.write("lee", AddComment(customers[2].id, "hello"))
    await dana.sees(f"customer:{customers[2].id}", 2)


async def test_who_unsubscribed_hears_nothing_and_recovers_when_it_comes_back(desk: Desk) -> None:
    customer, other = await desk.node.customer(), await desk.node.customer()
    channel = f"customer:{customer.id}"
    dana = await desk.connected()
    await dana.subscribed(channel)
    await dana.subscribed(f"customer:{other.id}")
    await dana.unsubscribe(channel)
    await dana.tells("unsubscribed", channel)
    await eventually(lambda: _receivers(desk, channel) == 0, what="the server has forgotten it")
    await desk.node.write("lee", AddComment(customer.id, "missed"))
    await desk.node.write("lee", AddComment(other.id, "seen"))
    await dana.sees(f"customer:{other.id}", 2)
    assert dana.offsets(channel) == []
    await dana.subscribe_again(channel)
    await dana.sees(channel, 2)


def _receivers(desk: Desk, channel: str) -> int:
    return sum(channel in session.subscriptions for session in desk.node.services.sessions.all())


async def test_a_position_of_another_history_is_loaded_anew(desk: Desk) -> None:
    """Error 112 asks the SDK for `getState` again, instead of going on without what is missing."""
    customer = await desk.node.customer()
    await desk.node.write("lee", AddComment(customer.id, "first"))
    channel, epoch = f"customer:{customer.id}", desk.node.services.hub.epoch
    dana = await desk.connected()
    await dana.subscribe(channel, states=[(1, "another history"), (7, epoch), (1, epoch)])
    told = await dana.tells("subscribed", channel)
    assert told["recovered"]
    assert len(dana.told("loading", channel)) == 3
    await dana.sees(channel, 2)
    assert dana.offsets(channel) == [2]


@js_alone
async def test_a_position_of_another_history_is_not_recovered(desk: Desk) -> None:
    """The Python SDK cannot name a position without `get_state`."""
    customer = await desk.node.customer()
    channel = f"customer:{customer.id}"
    dana = await desk.connected()
    told = await dana.subscribed(channel, since=(3, "another history"))
    assert (told["was_recovering"], told["recovered"]) == (True, False)
    assert told["stream_position"] == {"offset": 1, "epoch": desk.node.services.hub.epoch}
    assert dana.offsets(channel) == []


async def test_a_refused_edit_is_explained_before_it_is_refused(desk: Desk) -> None:
    customer = await desk.node.customer()
    await desk.node.write("lee", UpdateCustomer(customer.id, {"status": "waiting"}, Base(version=1)))
    dana = await desk.connected()
    command_id = str(uuid4())
    with pytest.raises(PeerError) as refused:
        await dana.rpc(
            "customer.update",
            customer_id=customer.id,
            base_version=1,
            changes={"status": "resolved"},
            command_id=command_id,
        )
    assert (refused.value.code, refused.value.message) == (409, "edit-conflict")
    inbox = f"agent:{(await desk.node.agent(desk.name('dana'))).id}"
    [notice] = [told["data"] for told in dana.told("publication", inbox)]
    assert (notice["cause"], notice["command_id"]) == ("rejected", command_id)
    assert notice["problem"]["conflicts"][0]["theirs"] == "waiting"


async def test_a_refused_call_has_its_code_and_words(desk: Desk) -> None:
    dana = await desk.connected()
    for method, data, code, message in (
        ("no.such", {}, 104, "method not found"),
        ("comment.add", {"body": "whose?"}, 107, "bad request"),
        ("comment.add", [1], 107, "bad request"),
        ("customer.get", {"customer_id": 10**9}, 404, "not-found"),
    ):
        with pytest.raises(PeerError) as refused:
            await dana.rpc(method, data)
        assert (refused.value.code, refused.value.message) == (code, message)


async def test_viewers_see_each_other_come_and_go(desk: Desk) -> None:
    customer = await desk.node.customer()
    channel = f"customer:{customer.id}"
    dana, lee = await desk.connected("dana"), await desk.connected("lee")
    await dana.subscribed(channel, join_leave=True)
    await lee.subscribed(channel)
    joined = (await dana.tells("join", channel, times=2))["info"]
    assert joined["conn_info"] == {"name": desk.name("lee").title()}
    present = await dana.presence(channel)
    assert present[joined["client"]]["user"] == joined["user"]
    assert await dana.presence_stats(channel) == (2, 2)
    await lee.disconnect()
    left = (await dana.tells("leave", channel))["info"]
    assert left["client"] == joined["client"]
    assert await dana.presence_stats(channel) == (1, 1)
    assert lee.told("join", channel) == [], "it did not ask"


async def test_history_is_paged_both_ways(desk: Desk) -> None:
    customer = await desk.node.customer()
    for number in range(5):
        await desk.node.write("lee", AddComment(customer.id, str(number)))
    channel, epoch = f"customer:{customer.id}", desk.node.services.hub.epoch
    dana = await desk.connected()
    await dana.subscribed(channel)
    assert await dana.history(channel, limit=0) == []
    assert await dana.history(channel, limit=2) == [1, 2]
    assert await dana.history(channel, limit=-1) == [1, 2, 3, 4, 5, 6]
    assert await dana.history(channel, limit=2, reverse=True) == [6, 5]
    assert await dana.history(channel, limit=2, since=(2, epoch)) == [3, 4]
    assert await dana.history(channel, limit=2, since=(3, epoch), reverse=True) == [2, 1]
    for since, reverse, code in (((0, epoch), True, 107), ((2, "another history"), False, 112)):
        with pytest.raises(PeerError) as refused:
            await dana.history(channel, limit=2, since=since, reverse=reverse)
        assert refused.value.code == code


async def test_notices_that_came_meanwhile_are_recovered(desk: Desk) -> None:
    """The agent's own channel: subscribed by the server, remembered by the SDK."""
    customer = await desk.node.customer()
    dana = await desk.connected()
    agent = await desk.node.agent(desk.name("dana"))
    inbox = f"agent:{agent.id}"
    await desk.node.write("lee", AddComment(customer.id, f"@{agent.username} one"))
    await dana.sees(inbox, 1)
    await dana.disconnect()
    for text in ("two", "three"):
        await desk.node.write("lee", AddComment(customer.id, f"@{agent.username} {text}"))
    await dana.connect()
    await dana.sees(inbox, 3)
    assert dana.offsets(inbox) == [1, 2, 3]
    assert [told["data"]["type"] for told in dana.told("publication", inbox)] == ["mentioned"] * 3


async def test_what_may_not_be_subscribed_is_refused_with_its_code(desk: Desk) -> None:
    own, other = await desk.node.agent(desk.name("dana")), await desk.node.agent(desk.name("lee"))
    dana = await desk.connected()
    for channel, code in (
        ("nosuch:1", 102),
        ("customer:999999999", 103),
        (f"agent:{other.id}", 103),
        (f"agent:{own.id}", 105),
        (f"work:{other.id}", 103),
        ("customer:" + "1" * 300, 107),
    ):
        await dana.subscribe(channel)
        assert (await dana.tells("unsubscribed", channel))["code"] == code, channel
    work = await dana.subscribed(f"work:{own.id}")
    assert not work["recoverable"]


async def test_an_expired_token_is_replaced_at_connect(desk: Desk) -> None:
    expired = await desk.token("dana", timedelta(seconds=-5))
    dana = await desk.open(expired, await desk.token("dana"))
    await dana.connect()
    await dana.tells("connected")
    assert dana.told("disconnected") == []


async def test_an_expired_token_without_another_ends_the_client(desk: Desk) -> None:
    dana = await desk.open(await desk.token("dana", timedelta(seconds=-5)))
    await dana.connect()
    await dana.tells("disconnected")
    assert dana.told("connected") == []


async def test_a_forged_token_ends_the_client(desk: Desk) -> None:
    dana = await desk.open("forged")
    await dana.connect()
    ended = await dana.tells("disconnected")
    assert (ended["code"], ended["reason"]) == (3500, "invalid token")


async def test_who_is_deactivated_is_sent_away_for_good(desk: Desk) -> None:
    lee = await desk.connected("lee")
    agent = await desk.node.agent(desk.name("lee"))
    await desk.node.services.agents.update(agent.id, active=False)
    await desk.node.services.announce_directory_change()
    ended = await lee.tells("disconnected")
    assert (ended["code"], ended["reason"]) == (3503, "force disconnect")


@js_alone
async def test_features_that_we_decline_are_declined_in_words(desk: Desk) -> None:
    customer = await desk.node.customer()
    channel = f"customer:{customer.id}"
    dana = await desk.connected()
    assert isinstance(dana, JsPeer)
    await dana.order("filter", channel=channel)
    assert (await dana.tells("unsubscribed", channel))["code"] == 107, "a filter that is ignored would deliver too much"
    await dana.order("map", channel=f"work:{customer.id}")
    assert (await dana.tells("unsubscribed", f"work:{customer.id}"))["code"] == 108
    with pytest.raises(PeerError) as refused:
        await dana.order("publish", channel=channel, data={})
    assert refused.value.code == 103
    await dana.order("send", data={})
    assert (await dana.tells("disconnected"))["code"] == 3508
