"""Clients that are sent elsewhere come back spread out, and workers are replaced without refusing anybody."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack

import httpx

from server.realtime.drain import LONGEST, spread, told_by
from server.signals import DEADLINE
from tests.commands.conftest import Run
from tests.commands.test_serving import answers, lives, workers_of
from tests.ground.eventually import eventually
from tests.ground.server import RunningServer, Servers
from tests.realtime.sockets import Socket, socket

CLIENTS = 90
"""Fewer than an agent may have at one process."""


def test_five_thousand_are_told_over_several_seconds() -> None:
    times = [next(step for step in range(1000) if told_by(5000, step / 100) > place) for place in range(0, 5000, 25)]
    buckets = Counter(step // 10 for step in times)  # each 100 ms, in groups of 25 clients
    assert spread(5000) == LONGEST
    assert max(buckets.values()) * 25 <= 150
    assert len(buckets) >= 38
    assert LONGEST + 1 < DEADLINE - 1.5, "and there is time left for requests"


def test_a_few_are_told_soon_and_everybody_is_told() -> None:
    for count in (0, 1, 7, 250, 5000, 100_000):
        assert told_by(count, spread(count)) == count
        assert told_by(count, 0) <= max(1, count // 50)
        told = [told_by(count, spread(count) * step / 100) for step in range(101)]
        assert told == sorted(told)
    assert spread(10) < 0.1


async def test_clients_move_to_another_node_and_go_on_there(servers: Servers, casewire: Run) -> None:
    assert casewire("agent", "add", "dana", "--name", "Dana").returncode == 0
    token = casewire("agent", "token", "dana").stdout.strip()
    first, second = await servers.start(), await servers.start()
    customer_id = await new_customer(second, token)
    channel = f"customer:{customer_id}"
    closings: list[float] = []
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(socket(first.socket_url, token, channel)) for _ in range(5)]
        others = await asyncio.gather(
            *(stack.enter_async_context(socket(first.socket_url, token)) for _ in range(CLIENTS))
        )

        async def note(client: Socket) -> None:
            await eventually(lambda: client.closed is not None, within=20, what="it is told to go")
            closings.append(time.monotonic())

        first.process.send_signal(signal.SIGTERM)
        noting = asyncio.gather(*(note(client) for client in (*clients, *others)))
        await eventually(lambda: answers(first.port) is None, what="nobody is let in any more")
        await comment(second, token, customer_id)
        await noting
        assert {client.closed for client in (*clients, *others)} == {3001}
        position = {"recover": True, "offset": 1, "epoch": ""}
        async with socket(second.socket_url, token) as again:
            reply = (await again.ask("subscribe", channel=channel, **position))["subscribe"]
            assert reply["recovered"]
            assert [publication["offset"] for publication in reply["publications"]] == [2]
    assert max(closings) - min(closings) > spread(len(closings)) / 2
    assert await asyncio.to_thread(first.process.wait, 15) == 0


async def new_customer(server: RunningServer, token: str) -> int:
    async with client_of(server, token) as http:
        return int((await http.post("/api/customers", json={"name": "Acme"})).json()["id"])


async def comment(server: RunningServer, token: str, customer_id: int) -> None:
    async with client_of(server, token) as http:
        response = await http.post(f"/api/customers/{customer_id}/comments", json={"body": "hello"})
        assert response.status_code == 201


def client_of(server: RunningServer, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=20)


async def test_workers_are_replaced_one_after_the_other_and_nobody_is_refused(servers: Servers) -> None:
    server = await servers.start(CASEWIRE_WORKERS="2")
    old = {worker.pid: worker for worker in workers_of(server)}
    assert len(old) == 2
    statuses: Counter[int | None] = Counter()
    done = asyncio.Event()

    async def knock() -> None:
        while not done.is_set():
            statuses[await asyncio.to_thread(answers, server.port, "/livez")] += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(knock())
        server.process.send_signal(signal.SIGHUP)
        await eventually(lambda: "all workers are new" in server.words(), within=60, what="the restart is over")
        done.set()
    assert set(statuses) == {200}, statuses
    assert not [worker for worker in old.values() if lives(worker)]
    assert len({worker.pid for worker in workers_of(server)} - old.keys()) == 2
    assert await asyncio.to_thread(server.stop) == 0
