"""What takes its time, or a server of its own: all ways at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from channels.agent import Role, Visibility
from channels.command import AddComment, Base, UpdateCustomer
from server.realtime.drain import drain
from tests.ground.eventually import eventually
from tests.ground.proxy import Proxy, tcp
from tests.ground.services import TestServices
from tests.realtime.conftest import Node, running_node
from tests.realtime.sdk.conftest import Desk
from tests.realtime.sdk.js_peer import Driver
from tests.realtime.sdk.peer import NEVER, WAYS

pytestmark = pytest.mark.asyncio(loop_scope="package")

SHORT = timedelta(seconds=2)
"""Of a token's life, which is counted in whole seconds."""


@asynccontextmanager
async def desks(node: Node, driver: Driver) -> AsyncIterator[list[Desk]]:
    """One for each way."""
    for username, role in (("dana", Role.AGENT), ("lee", Role.AGENT), ("ines", Role.SUPERVISOR)):
        await node.agent(username, role)
    async with AsyncExitStack() as stack:
        yield [Desk(node, driver, way, stack) for way in WAYS]


async def each(desks: list[Desk], scene: Callable[[Desk], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as scenes:
        for desk in desks:
            scenes.create_task(scene(desk), name=str(desk.way))


async def test_tokens_are_refreshed_in_place(shared: Node, driver: Driver) -> None:
    async def scene(desk: Desk) -> None:
        dana = await desk.open(await desk.token("dana", SHORT), await desk.token("dana"))
        await dana.connect()
        await dana.tells("connected")
        agent = await desk.node.agent(desk.name("dana"))
        [session] = [s for s in shared.services.sessions.all() if s.caller and s.caller.agent.id == agent.id]
        first = session.caller
        await eventually(lambda: session.caller is not first, what="the new token is taken")
        await dana.rpc("customer.get", customer_id=(await shared.customer()).id)
        assert [event.name for event in dana.events if event.channel is None] == ["connecting", "connected"]

    async with desks(shared, driver) as all_of_them:
        await each(all_of_them, scene)


async def test_a_token_that_is_no_good_at_the_refresh_ends_the_connection(shared: Node, driver: Driver) -> None:
    """One that has expired meanwhile does not end the client: it comes back with the next one. A forged one does."""

    async def scene(desk: Desk) -> None:
        expired = await desk.token("dana", timedelta(seconds=-5))
        dana = await desk.open(await desk.token("dana", SHORT), expired, await desk.token("dana"))
        lee = await desk.open(await desk.token("lee", SHORT), "forged")
        ines = await desk.open(await desk.token("ines", SHORT), await desk.token("sam"))
        for peer in (dana, lee, ines):
            await peer.connect()
        assert (await dana.tells("connecting", times=2))["code"] == 3005
        await dana.tells("connected", times=2)
        for peer in (lee, ines):
            assert (await peer.tells("disconnected"))["code"] == 3500

    async with desks(shared, driver) as all_of_them:
        await each(all_of_them, scene)


async def test_who_does_not_refresh_is_sent_away_after_the_grace(
    shared: Node, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.realtime.session.EXPIRY_GRACE", 0.2)

    async def scene(desk: Desk) -> None:
        dana = await desk.open(await desk.token("dana", SHORT), NEVER)
        await dana.connect()
        assert (await dana.tells("connecting", times=2))["code"] == 3005

    async with desks(shared, driver) as all_of_them:
        await each(all_of_them, scene)


async def test_pings_are_answered_and_busy_connections_are_pinged_as_well(
    services: TestServices, driver: Driver
) -> None:
    with services.database() as database_url:
        async with running_node(database_url, services.redis(), ping_interval=1, pong_timeout=0.7) as node:

            async def scene(desk: Desk) -> None:
                dana = await desk.connected()
                channel = f"customer:{(await node.customer()).id}"
                await dana.subscribed(channel)
                [session] = [s for s in node.services.sessions.all() if channel in s.subscriptions]
                seen = {session._ping_at}

                async def pinged() -> bool:
                    await dana.rpc("customer.get", customer_id=int(channel.partition(":")[2]))
                    seen.add(session._ping_at)
                    return len(seen) > 2

                await eventually(pinged, within=20, what="two pings")
                assert len(dana.told("connecting")) == 1, "none of them stayed without an answer"

            async with desks(node, driver) as all_of_them:
                await each(all_of_them, scene)


async def test_a_right_that_is_taken_ends_the_subscription_alone(services: TestServices, driver: Driver) -> None:
    with services.database() as database_url:
        async with running_node(database_url, services.redis(), visibility=Visibility.ASSIGNED) as node:

            async def scene(desk: Desk) -> None:
                dana, lee = await node.agent(desk.name("dana")), await node.agent(desk.name("lee"))
                customer = await node.customer(assigned_to=dana.id)
                channel = f"customer:{customer.id}"
                peer = await desk.connected()
                await peer.subscribed(channel)
                await node.write("ines", UpdateCustomer(customer.id, {"assigned_to": lee.id}, Base(version=1)))
                ended = await peer.tells("unsubscribed", channel)
                assert (ended["code"], ended["reason"]) == (2100, "permission revoked")
                assert peer.offsets(channel) == [], "the action that took the right away is not shown any more"
                assert len(peer.told("connecting")) == 1

            async with desks(node, driver) as all_of_them:
                await each(all_of_them, scene)


async def test_a_node_that_stops_sends_its_clients_to_another(services: TestServices, driver: Driver) -> None:
    """And they go on there where they were, though the connection that they lose next is only cut."""
    with services.database() as database_url:
        redis_url = services.redis()
        async with (
            running_node(database_url, redis_url) as first,
            running_node(database_url, redis_url) as second,
        ):
            ports = [first.port]

            async def dial() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
                return await tcp("127.0.0.1", ports[-1])()

            async with Proxy(dial) as proxy, desks(first, driver) as all_of_them:
                customer = await first.customer()
                channel = f"customer:{customer.id}"
                url = f"http://127.0.0.1:{proxy.port}"
                peers = []
                for desk in all_of_them:
                    peer = await desk.open(await desk.token("dana"), url=url)
                    await peer.connect()
                    await peer.subscribed(channel)
                    peers.append(peer)
                await first.write("lee", AddComment(customer.id, "on the first"))
                for peer in peers:
                    await peer.sees(channel, 2)
                ports.append(second.port)
                await drain(first.services)
                await second.write("lee", AddComment(customer.id, "on the second"))
                for peer in peers:
                    assert (await peer.tells("connecting", times=2))["code"] == 3001
                    await peer.sees(channel, 3)
                proxy.cut()
                await second.write("lee", AddComment(customer.id, "while nobody listened"))
                for peer in peers:
                    await peer.tells("connecting", times=3)
                    await peer.sees(channel, 4)
                    assert peer.offsets(channel) == [2, 3, 4]
