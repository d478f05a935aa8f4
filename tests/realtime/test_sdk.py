"""The main job through the official Python SDK, against real servers, PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import os
import signal
from uuid import uuid4

import pytest
import redis.asyncio
from centrifuge import CentrifugeError, ReplyError

from channels.agent import Role, Visibility
from channels.command import AddComment, Base, UpdateCustomer
from tests.ground.eventually import eventually
from tests.realtime.client import connected
from tests.realtime.conftest import Node, running_node

IN_TIME = 15.0
"""Seconds: three times law 7's, as other work may keep this machine from its own."""


async def test_two_clients_see_each_others_comments_live_and_in_order(node: Node) -> None:
    customer = await node.customer()
    async with (
        connected(node.socket_url, await node.token("dana")) as dana,
        connected(node.socket_url, await node.token("lee")) as lee,
    ):
        _, at_dana = await dana.watch(customer.id)
        _, at_lee = await lee.watch(customer.id)
        for number in range(10):
            author = (dana, lee)[number % 2]
            await author.call("comment.add", customer_id=customer.id, body=str(number))
        await at_dana.sees(11)
        await at_lee.sees(11)
        assert at_dana.offsets == at_lee.offsets == list(range(2, 12))
        assert [action["body"] for action in at_lee.actions] == [str(number) for number in range(10)]


async def test_who_was_away_recovers_exactly_what_it_missed(node: Node) -> None:
    customer = await node.customer()
    async with connected(node.socket_url, await node.token("dana")) as dana:
        _, watcher = await dana.watch(customer.id)
        await node.write("lee", AddComment(customer.id, "seen live"))
        await watcher.sees(2)
        await dana.client.disconnect()
        for number in range(350):
            await node.write("lee", AddComment(customer.id, f"missed {number}"))
        await dana.client.connect()
        await watcher.sees(352)
        assert watcher.offsets == list(range(2, 353)), "more than one reply holds, without a gap or a repetition"
        assert watcher.subscribed[-1].recovered


async def test_a_second_node_sees_the_first_ones_writes(node: Node, database_url: str, redis_url: str) -> None:
    customer = await node.customer()
    async with (
        running_node(database_url, redis_url) as second,
        connected(second.socket_url, await node.token("lee")) as lee,
    ):
        _, watcher = await lee.watch(customer.id)
        for number in range(5):
            await node.write("dana", AddComment(customer.id, str(number)))
            await second.write("lee", AddComment(customer.id, str(number)))
        await watcher.sees(11)
        assert watcher.offsets == list(range(2, 12))
        assert second.services.hub.healed == 0 or watcher.offsets == list(range(2, 12))


async def test_a_refused_edit_tells_all_beside_its_error(node: Node) -> None:
    customer = await node.customer()
    await node.write("lee", UpdateCustomer(customer.id, {"status": "waiting"}, Base(version=1)))
    command_id = str(uuid4())
    async with connected(node.socket_url, await node.token("dana")) as dana:
        with pytest.raises(ReplyError) as refused:
            await dana.call(
                "customer.update",
                customer_id=customer.id,
                base_version=1,
                changes={"status": "resolved"},
                command_id=command_id,
            )
        assert (refused.value.code, str(refused.value)) == (409, "edit-conflict") or refused.value.code == 409
        [notice] = [notice for notice in dana.inbox.notices if notice["type"] == "conflict"]
        assert (notice["cause"], notice["command_id"]) == ("rejected", command_id)
        problem = notice["problem"]
        assert (problem["type"], problem["status"]) == ("/problems/edit-conflict", 409)
        assert problem["conflicts"][0]["theirs"] == "waiting"
        merged = await dana.call(
            "customer.update", customer_id=customer.id, base_version=1, changes={"priority": "high"}
        )
        assert (merged["customer"]["status"], merged["customer"]["priority"]) == ("waiting", "high")


async def test_an_open_editor_is_told_before_it_submits(node: Node, database_url: str, redis_url: str) -> None:
    """The other's write happens on another node."""
    customer = await node.customer()
    async with (
        running_node(database_url, redis_url) as second,
        connected(second.socket_url, await node.token("dana")) as dana,
    ):
        begun = await dana.call("edit.begin", customer_id=customer.id, base_version=1, fields=["status"])
        assert begun["others"] == []
        await node.write("lee", UpdateCustomer(customer.id, {"priority": "high"}, Base(version=1)))
        await node.write("lee", UpdateCustomer(customer.id, {"status": "waiting"}, Base(version=1)))
        await eventually(lambda: dana.inbox.notices, within=IN_TIME, what="the overtaken notice")
        [notice] = dana.inbox.notices
        assert notice["cause"] == "overtaken"
        [conflict] = notice["problem"]["conflicts"]
        assert (conflict["field"], conflict["base"], conflict["theirs"]) == ("status", "open", "waiting")
        await dana.call("edit.end", customer_id=customer.id)


async def test_a_retry_over_http_of_what_the_socket_wrote_yields_one_action(node: Node) -> None:
    import httpx

    customer = await node.customer()
    command_id = str(uuid4())
    token = await node.token("dana")
    async with connected(node.socket_url, token) as dana:
        first = await dana.call("comment.add", customer_id=customer.id, body="once", command_id=command_id)
    async with httpx.AsyncClient(base_url=node.url, headers={"Authorization": f"Bearer {token}"}) as http:
        again = await http.post(
            f"/api/customers/{customer.id}/comments", json={"body": "once"}, headers={"Idempotency-Key": command_id}
        )
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.json()["offset"] == first["action"]["offset"] == 2
        other = await http.post(
            f"/api/customers/{customer.id}/comments", json={"body": "twice", "command_id": command_id}
        )
        assert (other.status_code, other.json()["type"]) == (422, "/problems/command-id-reused")


async def test_fifty_agents_at_one_customer_lose_nothing(node: Node) -> None:
    customer = await node.customer()
    async with connected(node.socket_url, await node.token("sam")) as sam:
        _, watcher = await sam.watch(customer.id)
        await asyncio.gather(
            *(node.write(f"agent{number}", AddComment(customer.id, f"from {number}")) for number in range(50))
        )
        await watcher.sees(51)
        assert watcher.offsets == list(range(2, 52))
        assert {action["body"] for action in watcher.actions} == {f"from {number}" for number in range(50)}


async def test_killing_the_pubsub_connection_loses_nothing(node: Node, database_url: str, redis_url: str) -> None:
    customer = await node.customer()
    async with (
        running_node(database_url, redis_url) as second,
        connected(second.socket_url, await node.token("lee")) as lee,
        redis.asyncio.from_url(redis_url) as operator,
    ):
        _, watcher = await lee.watch(customer.id)
        for number in range(30):
            if number % 10 == 5:
                await operator.client_kill_filter(_type="pubsub")
            await node.write("dana", AddComment(customer.id, str(number)))
        await watcher.sees(31, within=IN_TIME)
        assert watcher.offsets == list(range(2, 32))


async def test_a_frozen_redis_neither_stops_writes_nor_loses_them(
    database_url: str, private_redis: tuple[str, int]
) -> None:
    """The viewer sits on another node than the writer, so only PostgreSQL can tell it."""
    redis_url, redis_pid = private_redis
    async with (
        running_node(database_url, redis_url) as first,
        running_node(database_url, redis_url) as second,
    ):
        customer = await first.customer()
        async with connected(second.socket_url, await first.token("lee")) as lee:
            _, watcher = await lee.watch(customer.id)
            os.kill(redis_pid, signal.SIGSTOP)
            try:
                for number in range(10):
                    await first.write("dana", AddComment(customer.id, str(number)))
                await watcher.sees(11, within=IN_TIME)
            finally:
                os.kill(redis_pid, signal.SIGCONT)
            await first.write("dana", AddComment(customer.id, "back"))
            await watcher.sees(12, within=IN_TIME)
            assert watcher.offsets == list(range(2, 13))


async def test_a_killed_redis_loses_nothing_and_is_used_again(
    database_url: str, private_redis: tuple[str, int]
) -> None:
    redis_url, redis_pid = private_redis
    async with (
        running_node(database_url, redis_url) as first,
        running_node(database_url, redis_url) as second,
    ):
        customer = await first.customer()
        async with connected(second.socket_url, await first.token("lee")) as lee:
            _, watcher = await lee.watch(customer.id)
            os.kill(redis_pid, signal.SIGKILL)
            await eventually(lambda: not second.services.broker.connected, what="the loss is noticed")
            for number in range(10):
                await first.write("dana", AddComment(customer.id, str(number)))
            await watcher.sees(11, within=IN_TIME)
            assert watcher.offsets == list(range(2, 12))
            await eventually(lambda: second.services.broker.connected, within=20, what="the supervisor's new Redis")
            await first.write("dana", AddComment(customer.id, "back"))
            await watcher.sees(12, within=IN_TIME)


async def test_presence_shows_who_is_there_and_leaves_with_them(node: Node) -> None:
    customer = await node.customer()
    async with connected(node.socket_url, await node.token("dana")) as dana:
        subscription, _ = await dana.watch(customer.id)
        async with connected(node.socket_url, await node.token("lee")) as lee:
            await lee.watch(customer.id)

            async def both() -> bool:
                present = await subscription.presence()
                return {info.conn_info["name"] for info in present.clients.values()} == {"Dana", "Lee"}

            await eventually(both, what="both are present")

        async def alone() -> bool:
            return (await subscription.presence_stats()).num_clients == 1

        await eventually(alone, what="Lee has left")


async def test_history_pages_through_the_log(node: Node) -> None:
    customer = await node.customer()
    for number in range(5):
        await node.write("dana", AddComment(customer.id, str(number)))
    async with connected(node.socket_url, await node.token("dana")) as dana:
        subscription, _ = await dana.watch(customer.id)
        newest = await subscription.history(limit=2, reverse=True)
        assert [pub.offset for pub in newest.publications] == [6, 5]
        oldest = await subscription.history(limit=2)
        assert [pub.offset for pub in oldest.publications] == [1, 2]


async def test_a_right_that_is_taken_ends_the_subscription(database_url: str, redis_url: str) -> None:
    async with running_node(database_url, redis_url, visibility=Visibility.ASSIGNED) as node:
        dana, lee = await node.agent("dana"), await node.agent("lee")
        customer = await node.customer(assigned_to=dana.id)
        async with (
            connected(node.socket_url, await node.token("dana")) as at_dana,
            connected(node.socket_url, await node.token("lee")) as at_lee,
        ):
            _, watcher = await at_dana.watch(customer.id)
            with pytest.raises(CentrifugeError):
                await at_lee.call("comment.add", customer_id=customer.id, body="mine?")
            await node.write("dana", UpdateCustomer(customer.id, {"assigned_to": lee.id}, Base(version=1)))
            await eventually(lambda: watcher.unsubscribed, what="the subscription ends")
            assert watcher.unsubscribed[0].code == 2100


async def test_a_deactivated_agent_is_disconnected(node: Node) -> None:
    await node.agent("root", Role.ADMIN)
    async with connected(node.socket_url, await node.token("lee")) as lee:
        agent = await node.agent("lee")
        await node.services.agents.update(agent.id, active=False)
        await node.services.announce_directory_change()
        await eventually(lambda: lee.client.state.name == "DISCONNECTED", what="disconnected for good")
