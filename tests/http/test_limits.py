"""Rate limits: counted together in Redis, per process while it is away, and told in standard headers."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from channels.broker.commands import RedisCommands
from channels.window import Window
from server.limits import Limits, SharedCounts
from server.settings import Rate
from tests.ground.eventually import turns
from tests.ground.proxy import Proxy, unix_socket
from tests.http.desk import PASSWORD, Desk, open_desk, problem

FIELDS = re.compile(r'"client";r=(\d+);t=(\d+)')


def remaining(answer: httpx.Response) -> int:
    match = FIELDS.fullmatch(answer.headers["ratelimit"])
    assert match, answer.headers["ratelimit"]
    return int(match[1])


@asynccontextmanager
async def redis_behind_proxy(redis_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """The test's Redis, by way of a proxy that can take it away."""
    parts = urlsplit(redis_url)
    async with Proxy(unix_socket(parts.path)) as proxy:
        yield proxy, f"redis://127.0.0.1:{proxy.port}?{parts.query}"


async def test_requests_are_counted_down_and_refused(database_url: str, redis_url: str) -> None:
    async with open_desk(database_url, redis_url, rate_limit=Rate(3, 60)) as desk:
        dana = desk.of("dana")
        answers = [await dana.get("/api/me") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert [remaining(answer) for answer in answers] == [2, 1, 0, 0, 0]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"client";q=3;w=60'}
        refused = problem(answers[-1], 429, "too-many-requests")
        # those of the window before count by what is left of them: the third of three is free again in the next one
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 80
        assert "try again" in refused["detail"]


async def test_every_agent_has_a_limit_of_its_own_behind_one_address(database_url: str, redis_url: str) -> None:
    async with open_desk(database_url, redis_url, rate_limit=Rate(2, 60)) as desk:
        dana, another = desk.of("dana"), desk.client(desk.agents["dana"], address="203.0.113.9")
        assert [remaining(await client.get("/api/me")) for client in (dana, another)] == [1, 0]
        assert (await dana.get("/api/me")).status_code == 429
        assert remaining(await desk.of("lee").get("/api/me")) == 1


async def test_without_a_good_token_the_address_counts(database_url: str, redis_url: str) -> None:
    async with open_desk(database_url, redis_url, rate_limit=Rate(2, 60)) as desk:
        bad = {"Authorization": "Bearer nonsense"}
        here, there = desk.client(headers=bad), desk.client(address="203.0.113.9")
        assert [remaining(await here.get("/api/me")) for _ in range(2)] == [1, 0]
        assert (await desk.client().get("/api/nothing")).status_code == 429
        assert remaining(await there.get("/api/me")) == 1


async def test_forwarded_addresses_count_only_behind_trusted_proxies(database_url: str, redis_url: str) -> None:
    settings = {"rate_limit": Rate(2, 60), "trusted_proxies": ("10.0.0.0/8",)}
    async with open_desk(database_url, redis_url, **settings) as desk:
        proxy, stranger = desk.client(address="10.0.0.1"), desk.client(address="203.0.113.9")
        for number in range(5):
            forwarded = {"X-Forwarded-For": f"198.51.100.{number}"}
            assert remaining(await proxy.get("/api/me", headers=forwarded)) == 1
            status = (await stranger.get("/api/me", headers=forwarded)).status_code
            assert status == (401 if number < 2 else 429)


async def test_operation_the_page_and_the_docs_are_not_limited(database_url: str, redis_url: str) -> None:
    async with open_desk(database_url, redis_url, rate_limit=Rate(1, 60)) as desk:
        client = desk.client()
        for path in ("/livez", "/readyz", "/metrics", "/", "/problems/not-found", "/docs", "/openapi.json"):
            for _ in range(2):
                answer = await client.get(path)
                assert answer.status_code != 429
                assert "ratelimit" not in answer.headers


async def test_requests_of_one_moment_are_counted_by_one_call(redis_url: str) -> None:
    async with redis_behind_proxy(redis_url) as (proxy, url), Limits.connect(Rate(40, 3600), url) as limits:
        await limits.take("t", Rate(40, 3600), "somebody else")  # connects
        before = proxy.round_trips
        names = ["x"] * 50 + ["y"] * 2 + ["x"]
        quotas = await asyncio.gather(*(limits.take("t", Rate(40, 3600), name) for name in names))
        assert proxy.round_trips == before + 1
        assert [quota.remaining for quota in quotas] == [*range(39, -1, -1), *[0] * 10, 39, 38, 0]
        assert [quota.exceeded for quota in quotas] == [False] * 40 + [True] * 10 + [False, False, True]


async def test_who_leaves_while_counting_for_others_leaves_nobody_waiting(redis_url: str) -> None:
    async with redis_behind_proxy(redis_url) as (proxy, url), Limits.connect(Rate(5, 60), url) as limits:
        await limits.take("t", Rate(5, 60), "x")
        proxy.hold()
        first = asyncio.create_task(limits.take("t", Rate(5, 60), "x"))
        await turns()
        others = [asyncio.create_task(limits.take("t", Rate(5, 60), "x")) for _ in range(3)]
        await turns()
        first.cancel()
        assert [quota.remaining for quota in await asyncio.gather(*others)] == [4, 3, 2]  # counted alone
        proxy.resume()


async def test_redis_and_a_process_alone_count_alike(redis_url: str) -> None:
    """The script and `channels.window` are the same rule, written twice."""
    rate = Rate(10, 3600)
    async with closing_counts(redis_url) as counts:
        window = Window()
        for asked in (3, 4, 0, 5, 1):
            [(granted, usage)] = await counts.take({("x", rate): asked})
            taken, own = window.take(rate, asked, time.time())
            assert (granted, usage.current, usage.previous) == (taken, own.current, own.previous)
            assert usage.elapsed == pytest.approx(own.elapsed, abs=0.01)


@asynccontextmanager
async def closing_counts(redis_url: str) -> AsyncIterator[SharedCounts]:
    async with RedisCommands.connected(redis_url) as commands:
        yield SharedCounts(commands, "t:")


async def test_nodes_count_together(database_url: str, redis_url: str) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_desk(database_url, redis_url, rate_limit=Rate(4, 60)))
        limits = await stack.enter_async_context(
            Limits.connect(Rate(4, 60), redis_url, f"casewire:{first.services.hub.epoch}:")
        )
        assert remaining(await first.of("dana").get("/api/me")) == 3
        quota = await limits.request(f"agent/{first.agents['dana'].id}")
        assert quota is not None
        assert quota.remaining == 2
        assert remaining(await first.of("dana").get("/api/me")) == 1


async def test_off_is_off(desk: Desk) -> None:
    answer = await desk.of("dana").get("/api/me")
    assert "ratelimit" not in answer.headers


@pytest.mark.parametrize("fault", ["cut", "hold"])
async def test_without_redis_each_process_counts_and_nobody_waits(
    database_url: str, redis_url: str, fault: str
) -> None:
    async with (
        redis_behind_proxy(redis_url) as (proxy, url),
        open_desk(database_url, url, rate_limit=Rate(3, 60)) as desk,
    ):
        desk.services.limits._down_for = 60.0  # however slow the machine is
        dana = desk.of("dana")
        assert remaining(await dana.get("/api/me")) == 2
        if fault == "cut":
            proxy.refuse = True
            proxy.cut()
        else:
            proxy.hold()
        answers = []
        for _ in range(5):
            started = time.monotonic()
            answers.append(await dana.get("/api/me"))
            assert time.monotonic() - started < 0.5
        assert desk.services.limits.degraded
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]  # counted anew, never off
        proxy.refuse = False
        proxy.resume()


async def test_when_redis_is_back_it_counts_again(redis_url: str) -> None:
    clock = [0.0]
    async with (
        redis_behind_proxy(redis_url) as (proxy, url),
        Limits.connect(Rate(5, 60), url, now=lambda: clock[0]) as limits,
    ):
        assert (await limits.take("t", Rate(5, 60), "x")).remaining == 4
        proxy.refuse = True
        proxy.cut()
        assert (await limits.take("t", Rate(5, 60), "x")).remaining == 4  # the process's own count
        assert limits.degraded
        proxy.refuse = False
        clock[0] = 1.01
        assert not limits.degraded
        assert (await limits.take("t", Rate(5, 60), "x")).remaining == 3  # what Redis has kept


async def test_logins_are_limited_by_name_wherever_they_come_from(database_url: str, redis_url: str) -> None:
    async with open_desk(database_url, redis_url, rate_limit=Rate(500, 900)) as desk:
        await desk.hire("sam", password=PASSWORD)
        statuses = []
        for number in range(12):
            client = desk.client(address=f"203.0.113.{number}")
            answer = await client.post("/api/auth/login", json={"username": "Sam", "password": "guess"})
            statuses.append(answer.status_code)
        assert statuses == [401] * 10 + [429] * 2
        assert int(answer.headers["retry-after"]) >= 1
        good = await desk.client(address="203.0.113.99").post(
            "/api/auth/login", json={"username": "sam", "password": PASSWORD}
        )
        problem(good, 429, "too-many-requests")


async def test_logins_are_limited_by_address_whatever_the_name(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.limits.LOGINS_PER_ADDRESS", Rate(3, 60))
    async with open_desk(database_url, redis_url, rate_limit=Rate(500, 900)) as desk:
        statuses = []
        for number in range(5):
            body = {"username": f"name{number}", "password": "guess"}
            statuses.append((await desk.client().post("/api/auth/login", json=body)).status_code)
        assert statuses == [401, 401, 401, 429, 429]
