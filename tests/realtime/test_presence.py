"""Who is there, across nodes: also right after a node has died, or was frozen, and while Redis is away."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from channels.command import AddComment, Base, UpdateCustomer
from tests.ground.eventually import eventually
from tests.ground.server import RunningServer, Servers
from tests.realtime.conftest import Node, running_node
from tests.realtime.sockets import Socket, socket

WITHIN = 20.0
"""Seconds that a busy machine gets; what it took is printed."""


@pytest.fixture
async def here(database_url: str, redis_url: str) -> AsyncIterator[Node]:
    """The node that lives on, in the test's own process."""
    async with running_node(database_url, redis_url) as node:
        for name in ("dana", "lee"):
            await node.agent(name)
        yield node


@pytest.fixture
async def there(here: Node, database_url: str, redis_url: str) -> AsyncIterator[Node]:
    """Another node on the same services."""
    async with running_node(database_url, redis_url) as node:
        await eventually(lambda: node.services.broker.connected, what="the bus is connected")
        yield node


async def token(node: Node, name: str) -> str:
    return node.services.tokens.issue((await node.agent(name)).id, ttl=timedelta(hours=1))


async def clients(asker: Socket, channel: str) -> set[str]:
    return set((await asker.ask("presence", channel=channel))["presence"]["presence"])


async def presence(node: Node | RunningServer, bearer: str, customer_id: int) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=node.url, headers={"Authorization": f"Bearer {bearer}"}) as http:
        found: dict[str, Any] = (await http.get(f"/api/customers/{customer_id}/presence")).json()
        return found


async def edit(one: Socket, customer_id: int, fields: list[str]) -> None:
    data = {"customer_id": customer_id, "base_version": 1, "fields": fields}
    assert "rpc" in await one.ask("rpc", method="edit.begin", data=data)


def ended(one: Socket, channel: str) -> list[str]:
    return [signal["type"] for signal in one.signals(channel) if signal["type"] == "editing_ended"]


async def test_who_was_on_a_node_that_is_frozen_or_dies_is_gone_within_seconds(here: Node, servers: Servers) -> None:
    customer = await here.customer(assigned_to=(await here.agent("lee")).id)
    channel, work = f"customer:{customer.id}", f"work:{(await here.agent('lee')).id}"
    there = await servers.start()
    dana, lee = await token(here, "dana"), await token(here, "lee")
    async with (
        socket(here.socket_url, lee, channel, work, join_leave=True) as stays,
        socket(there.socket_url, dana, channel) as goes,
    ):
        await eventually(lambda: len(stays.of_kind(channel, "join")) == 2, what="both are announced")
        await edit(goes, customer.id, ["status"])
        await eventually(lambda: len(_editing(stays, channel)) == 1, what="the editor is announced")
        found = await presence(here, lee, customer.id)
        assert found["complete"]
        assert sorted(viewer["agent"]["name"] for viewer in found["viewing"]) == ["Dana", "Lee"]
        (editor,) = found["editing"]
        assert (editor["fields"], editor["base_version"]) == (["status"], 1)
        assert editor["expires_at"] > "20"
        await _gone(here, stays, customer.id, work, there.process, signal.SIGSTOP)
        stays.messages.clear()
        there.process.send_signal(signal.SIGCONT)
        await eventually(lambda: stays.of_kind(channel, "join"), within=WITHIN, what="the return is told")
        await eventually(lambda: _editing(stays, channel), within=WITHIN, what="also that of the editor")
        await eventually(lambda: _several(stays, channel), within=WITHIN, what="both are there")
        await _gone(here, stays, customer.id, work, there.process, signal.SIGKILL)


async def _gone(
    here: Node, stays: Socket, customer_id: int, work: str, process: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    """Sends the signal, and sees what becomes of those who were connected there."""
    channel = f"customer:{customer_id}"
    stays.messages.clear()
    process.send_signal(number)
    began = time.monotonic()
    await eventually(lambda: stays.of_kind(channel, "leave"), within=WITHIN, what="the leave is told")
    print(f"leave after {number.name}: {time.monotonic() - began:.2f} s")
    await eventually(lambda: ended(stays, channel), within=WITHIN, what="the end of the editing is told")
    await eventually(lambda: {"type": "refresh"} in stays.signals(work), within=WITHIN, what="lists are read again")
    (gone,) = stays.of_kind(channel, "leave")
    assert gone not in await clients(stays, channel)
    found = await presence(here, await token(here, "lee"), customer_id)
    assert [viewer["agent"]["name"] for viewer in found["viewing"]] == ["Lee"]
    assert found["editing"] == []
    assert stays.of_kind(channel, "leave") == [gone], "once"
    assert len(ended(stays, channel)) == 1


def _editing(one: Socket, channel: str) -> list[dict[str, Any]]:
    return [signal for signal in one.signals(channel) if signal["type"] == "editing"]


async def _several(one: Socket, channel: str) -> bool:
    return len(await clients(one, channel)) == 2


async def test_presence_says_when_it_knows_only_a_part(database_url: str, private_redis: tuple[str, int]) -> None:
    url, pid = private_redis
    async with running_node(database_url, url) as one, running_node(database_url, url) as other:
        customer = await one.customer()
        channel, bearer = f"customer:{customer.id}", await token(one, "dana")
        async with (
            socket(one.socket_url, bearer, channel, join_leave=True) as first,
            socket(other.socket_url, bearer, channel, join_leave=True) as second,
        ):
            await eventually(lambda: _several(first, channel), what="both are there")
            os.kill(pid, signal.SIGSTOP)
            try:
                found = await presence(one, bearer, customer.id)
                assert not found["complete"]
                assert len(found["viewing"]) == 1
            finally:
                os.kill(pid, signal.SIGKILL)  # and a new one, empty, in its place
            await eventually(lambda: _several(first, channel), within=WITHIN, what="both are known to the new Redis")
            await eventually(lambda: _several(second, channel), within=WITHIN, what="both are known to the new Redis")
            assert first.of_kind(channel, "leave") == []
            assert second.of_kind(channel, "leave") == []


async def test_an_editor_on_another_node_is_told_that_it_was_overtaken(here: Node, there: Node) -> None:
    customer = await here.customer()
    dana, lee = await here.agent("dana"), await here.agent("lee")
    inbox = f"agent:{dana.id}"
    async with (
        socket(there.socket_url, await token(here, "dana")) as editor,
        socket(there.socket_url, await token(here, "dana")) as beside,
    ):
        await edit(editor, customer.id, ["status"])
        await here.write("lee", AddComment(customer.id, "no change of a field"))
        await here.write("lee", UpdateCustomer(customer.id, {"priority": "high"}, Base(version=1)))
        await here.write("lee", UpdateCustomer(customer.id, {"status": "waiting"}, Base(version=2)))
        await eventually(lambda: editor.signals(inbox), within=WITHIN, what="the notice")
        (notice,) = editor.signals(inbox)
        assert (notice["type"], notice["cause"]) == ("conflict", "overtaken")
        (conflict,) = notice["problem"]["conflicts"]
        assert (conflict["field"], conflict["theirs"], conflict["actor"]["id"]) == ("status", "waiting", lee.id)
        assert beside.signals(inbox) == []


# Lists


def rows(one: Socket, work: str) -> list[tuple[str, int]]:
    return [(signal["type"], signal["customer"]["id"]) for signal in one.signals(work) if "customer" in signal]


async def test_a_list_on_another_node_stays_true(here: Node, there: Node) -> None:
    dana, lee = await here.agent("dana"), await here.agent("lee")
    works = [f"work:{dana.id}", f"work:{lee.id}"]
    async with (
        socket(there.socket_url, await token(here, "dana"), works[0]) as hers,
        socket(there.socket_url, await token(here, "lee"), works[1]) as his,
    ):
        customer = await here.customer(assigned_to=dana.id)
        await here.write("lee", AddComment(customer.id, "hello"))
        await here.write("lee", UpdateCustomer(customer.id, {"assigned_to": lee.id}, Base(version=1)))
        await here.write("lee", UpdateCustomer(customer.id, {"archived": True}, Base(version=2)))
        await eventually(lambda: len(rows(his, works[1])) == 2, what="his list has heard of it")
        assert rows(hers, works[0]) == [("upsert", customer.id), ("upsert", customer.id), ("remove", customer.id)]
        assert rows(his, works[1]) == [("upsert", customer.id), ("upsert", customer.id)]
        last = his.signals(works[1])[-1]["customer"]
        assert (last["archived"], last["offset"]) == (True, 4)


async def test_a_list_is_read_again_after_redis_was_away(database_url: str, private_redis: tuple[str, int]) -> None:
    url, pid = private_redis
    async with running_node(database_url, url) as one, running_node(database_url, url) as other:
        dana = await one.agent("dana")
        work = f"work:{dana.id}"
        async with socket(other.socket_url, await token(one, "dana"), work) as viewer:
            os.kill(pid, signal.SIGKILL)
            await one.customer(assigned_to=dana.id)
            await eventually(
                lambda: {"type": "refresh"} in viewer.signals(work), within=WITHIN, what="the list is read again"
            )


async def test_what_was_committed_and_never_told_refreshes_the_list_of_its_assignee(
    here: Node, database_url: str
) -> None:
    """As if a process had died between its commit and its publishing: the customer is open, so the healer finds it."""
    dana = await here.agent("dana")
    customer = await here.customer(assigned_to=dana.id)
    channel, work = f"customer:{customer.id}", f"work:{dana.id}"
    async with socket(here.socket_url, await token(here, "dana"), channel, work) as viewer:
        published = here.services.recorder._committed
        here.services.recorder._committed = lambda _recorded: None
        try:
            await here.write("lee", AddComment(customer.id, "untold"))
        finally:
            here.services.recorder._committed = published
        await eventually(lambda: viewer.offsets(channel) == [2], within=WITHIN, what="the healer finds it")
        await eventually(lambda: {"type": "refresh"} in viewer.signals(work), within=WITHIN, what="so does the list")


async def test_a_retry_tells_what_the_first_attempt_committed_and_could_not_tell(here: Node, there: Node) -> None:
    """Nobody has the customer open, so that nothing but the retry leads to it."""
    dana = await here.agent("dana")
    customer = await here.customer(assigned_to=dana.id)
    channel, work = f"customer:{customer.id}", f"work:{dana.id}"
    async with socket(there.socket_url, await token(here, "dana"), work) as viewer:
        published = here.services.recorder._committed
        here.services.recorder._committed = lambda _recorded: None
        command_id = uuid4()
        try:
            await here.write("lee", UpdateCustomer(customer.id, {"status": "waiting"}, Base(version=1)), command_id)
        finally:
            here.services.recorder._committed = published
        again = await there.write("lee", UpdateCustomer(customer.id, {"status": "waiting"}, Base(1)), command_id)
        assert again.replayed
        await eventually(lambda: rows(viewer, work) == [("upsert", customer.id)], within=WITHIN, what="the list hears")
        assert viewer.signals(work)[-1]["customer"]["status"] == "waiting"
        async with socket(here.socket_url, await token(here, "dana"), channel) as beside:
            await there.write("lee", UpdateCustomer(customer.id, {"status": "waiting"}, Base(1)), command_id)
            await there.write("lee", AddComment(customer.id, "after it"))
            await eventually(lambda: beside.offsets(channel), within=WITHIN, what="the comment is seen")
            assert beside.offsets(channel) == [3], "nobody sees an action twice"
