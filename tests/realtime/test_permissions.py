"""Rights that are taken away end what is open, on all nodes: with Redis, and with a Redis that is frozen."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from channels.agent import Role, Visibility
from channels.command import AddComment, Base, UpdateCustomer
from server.realtime import session as sessions
from tests.auth.test_provider import AUDIENCE, ISSUER, KeyServer, serving_keys
from tests.auth.test_provider import token as provider_token
from tests.ground.eventually import eventually
from tests.ground.services import TestServices
from tests.realtime.conftest import Node, one_private_redis, running_node
from tests.realtime.sockets import socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = 8.0
"""Seconds that a busy machine gets; what it took is printed, and is less than one where nothing else runs."""


@dataclass
class Two:
    """The node where things are changed, and the one where somebody is connected."""

    here: Node
    there: Node
    redis_pid: int
    frozen: bool

    @contextmanager
    def as_asked(self) -> Iterator[None]:
        """Redis is frozen within the block, if the test says so."""
        if self.frozen:
            os.kill(self.redis_pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.redis_pid, signal.SIGCONT)

    async def ready(self) -> None:
        """After a Redis that was frozen: both are on the bus, and know the same agents."""
        for node in (self.here, self.there):
            await eventually(lambda one=node: one.services.broker.connected, within=20, what="the bus is connected")
            await node.services.directory.refresh()


@pytest.fixture(scope="module")
def published_keys() -> Iterator[KeyServer]:
    with serving_keys() as server:
        yield server


@pytest_asyncio.fixture(params=[False, True], ids=["redis", "frozen redis"], scope="module", loop_scope="module")
async def two(request: pytest.FixtureRequest, services: TestServices, published_keys: KeyServer) -> AsyncIterator[Two]:
    """The same two for all tests; each test has agents of its own."""
    settings: dict[str, Any] = {
        "visibility": Visibility.ASSIGNED,
        "jwks_url": published_keys.url,
        "jwks_issuer": ISSUER,
        "jwks_audience": AUDIENCE,
    }
    with services.database() as database_url:
        async with (
            one_private_redis() as (url, pid),
            running_node(database_url, url, **settings) as here,
            running_node(database_url, url, **settings) as there,
        ):
            await here.agent("dana")
            yield Two(here, there, pid, request.param)


async def update(node: Node, username: str, **changes: Any) -> None:
    agent = await node.agent(username)
    unchanged: dict[str, Any] = {"name": None, "role": None, "active": None, "password_hash": None}
    await node.services.agents.update(agent.id, **(unchanged | changes))
    await node.services.announce_directory_change()


async def timed(what: str, change: Callable[[], Awaitable[object]], check: Callable[[], bool]) -> None:
    await change()
    began = time.monotonic()
    await eventually(check, within=WITHIN, what=what)
    print(f"{what}: {time.monotonic() - began:.3f} s")


async def login(node: Node, username: str) -> tuple[str, UUID]:
    agent = await node.agent(username)
    soon = datetime.now(UTC) + timedelta(days=1)
    login_id = await node.services.logins.open(agent.id, os.urandom(32), soon)
    return node.services.tokens.issue(agent.id, login_id), login_id


async def test_a_deactivated_agent_is_cut_off(two: Two) -> None:
    """Also one who came by a token of the identity provider."""
    await two.ready()
    ours, provided = await two.here.token("ada"), provider_token(preferred_username="Ada")
    async with socket(two.there.socket_url, ours) as one, socket(two.there.socket_url, provided) as other:
        with two.as_asked():
            await timed(
                "deactivated", lambda: update(two.here, "ada", active=False), lambda: one.closed and other.closed
            )
        assert (one.closed, other.closed) == (3503, 3503)


async def test_a_logout_ends_the_connections_of_that_login(two: Two) -> None:
    await two.ready()
    (token, login_id), (other, _) = await login(two.here, "bea"), await login(two.here, "bea")

    async def log_out() -> None:
        await two.here.services.logins.revoke(login_id)
        await two.here.services.announce_directory_change()

    async with socket(two.there.socket_url, token) as ended, socket(two.there.socket_url, other) as kept:
        with two.as_asked():
            await timed("logged out", log_out, lambda: ended.closed is not None)
        assert ended.closed == 3503
        assert "rpc" in await kept.ask("rpc", method="customer.get", data={"customer_id": await customer(two)})


async def test_the_login_of_a_refreshed_token_counts(two: Two) -> None:
    await two.ready()
    (token, first), (other, second) = await login(two.here, "cleo"), await login(two.here, "cleo")

    async def log_out(login_id: UUID) -> None:
        await two.here.services.logins.revoke(login_id)
        await two.here.services.announce_directory_change()

    async with socket(two.there.socket_url, token) as one:
        assert "refresh" in await one.ask("refresh", token=other)
        await log_out(first)
        with two.as_asked():
            await timed("logged out", lambda: log_out(second), lambda: one.closed is not None)
        assert one.closed == 3503


async def customer(two: Two, assignee: str | None = None) -> int:
    agent_id = None if assignee is None else (await two.here.agent(assignee)).id
    return (await two.here.customer(assigned_to=agent_id)).id


async def assign(two: Two, customer_id: int, username: str) -> None:
    supervisor = await two.here.agent("ines", Role.SUPERVISOR)
    agent = await two.here.agent(username)
    found = await two.here.services.customers.get(customer_id)
    assert found is not None
    intent = UpdateCustomer(customer_id, {"assigned_to": agent.id}, Base(version=found.version))
    await two.here.write(supervisor.username, intent)


async def test_who_loses_a_customer_sees_no_more_of_it(two: Two) -> None:
    await two.ready()
    await two.here.agent("lee")
    customer_id = await customer(two, "dora")
    channel = f"customer:{customer_id}"
    async with socket(two.there.socket_url, await two.here.token("dora"), channel) as one:
        with two.as_asked():
            await timed(
                "reassigned",
                lambda: assign(two, customer_id, "lee"),
                lambda: one.unsubscribed(channel) is not None,
            )
            await two.here.write("lee", AddComment(customer_id, "not for dana"))
        await eventually(lambda: two.there.services.broker.connected, within=20, what="the bus is back")
        assert one.unsubscribed(channel) == 2100
        assert one.offsets(channel) == []
        assert (await one.ask("subscribe", channel=channel))["error"]["code"] == 103


async def test_who_is_supervisor_no_more_sees_no_more(two: Two) -> None:
    await two.ready()
    edna = await two.here.agent("edna", Role.SUPERVISOR)
    foreign, own = await customer(two, "dana"), await customer(two)
    channels = (f"customer:{foreign}", f"customer:{own}")
    await two.there.services.directory.refresh()
    async with socket(two.there.socket_url, await two.here.token("edna"), *channels) as one:
        with two.as_asked():
            await timed(
                "demoted",
                lambda: update(two.here, "edna", role=Role.AGENT),
                lambda: one.unsubscribed(channels[0]) is not None,
            )
        assert one.unsubscribed(channels[0]) == 2100
        assert one.unsubscribed(channels[1]) is None
        [told] = one.signals(f"agent:{edna.id}")
        assert (told["type"], told["agent"]["role"]) == ("account", "agent")
        await two.here.write("dana", AddComment(foreign, "not for ines"))
        await two.here.write("dana", AddComment(own, "for everybody"))
        await eventually(lambda: one.offsets(channels[1]) == [2], what="what may still be seen is seen")
        assert one.offsets(channels[0]) == []


async def test_a_request_that_waits_ends_with_the_right(two: Two) -> None:
    await two.ready()
    await two.here.agent("lee")
    customer_id = await customer(two, "fay")
    tokens = {name: await two.here.token(name) for name in ("fay", "lee")}
    path = f"/api/customers/{customer_id}/actions?after=1&wait=25"
    async with httpx.AsyncClient(base_url=two.there.url, timeout=30) as http:

        @asynccontextmanager
        async def waiting() -> AsyncIterator[asyncio.Task[httpx.Response]]:
            headers = {"Authorization": f"Bearer {tokens['fay']}"}
            task = asyncio.create_task(http.get(path, headers=headers))
            await eventually(lambda: two.there.services.polls.count == 1, what="the request waits")
            try:
                yield task
            finally:
                task.cancel()  # unless it has ended
                await asyncio.gather(task, return_exceptions=True)

        with two.as_asked():
            async with waiting() as lost:
                await timed("the poll of who lost it", lambda: assign(two, customer_id, "lee"), lost.done)
            assert lost.result().status_code == 404
            await assign(two, customer_id, "fay")
            path = f"/api/customers/{customer_id}/actions?after=3&wait=25"
            async with waiting() as inactive:
                await timed("the poll of who left", lambda: update(two.here, "fay", active=False), inactive.done)
            assert inactive.result().status_code == 401


async def test_a_token_that_is_not_refreshed_ends_after_its_grace(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    await two.ready()
    monkeypatch.setattr(sessions, "EXPIRY_GRACE", 0.2)
    agent = await two.here.agent("gina")
    brief = two.here.services.tokens.issue(agent.id, ttl=timedelta(seconds=1.2))
    async with socket(two.there.socket_url, brief) as one:
        with two.as_asked():
            await eventually(lambda: one.closed is not None, within=WITHIN, what="the connection ends")
        assert one.closed == 3005
