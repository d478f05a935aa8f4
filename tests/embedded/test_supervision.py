"""A service that dies while we run is started again under the same address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis.asyncio

from server.embedded import EmbeddedServices
from server.embedded.postgres import STOP
from tests.embedded.test_life import commit, committed
from tests.ground.eventually import PATIENCE, eventually, turns


async def answers_sql(url: str) -> bool:
    try:
        return await committed(url) == [1]
    except (OSError, asyncpg.PostgresError):
        return False


async def answers_ping(url: str) -> bool:
    try:
        async with redis.asyncio.from_url(url) as client:
            return bool(await client.ping())
    except redis.exceptions.ConnectionError:
        return False


async def until_restarted(services: EmbeddedServices, name: str, killed: int) -> None:
    """What is left of the killed one gets as long as an orderly stop would before the next is started."""
    patience = sum(seconds for _, seconds in STOP) + PATIENCE
    await eventually(lambda: services.pids.get(name) not in (None, killed), within=patience, what=f"{name} runs again")
    await eventually(lambda: answers_sql(services.database_url), what="PostgreSQL answers")
    await eventually(lambda: answers_ping(services.redis_url), what="Redis answers")


@pytest.mark.parametrize("name", ["PostgreSQL", "Redis"])
async def test_a_killed_service_is_started_again(data_dir: Path, name: str) -> None:
    async with EmbeddedServices(data_dir) as services, asyncio.TaskGroup() as tasks:
        supervision = tasks.create_task(services.supervise())
        await commit(services.database_url, 1)
        addresses = services.database_url, services.redis_url
        for _ in range(2):
            killed = services.pids[name]
            psutil.Process(killed).kill()
            await until_restarted(services, name, killed)
        assert (services.database_url, services.redis_url) == addresses
        supervision.cancel()


@pytest.mark.parametrize("name", ["PostgreSQL", "Redis"])
async def test_a_killed_keeper_is_replaced_with_its_service(data_dir: Path, name: str) -> None:
    async with EmbeddedServices(data_dir) as services, asyncio.TaskGroup() as tasks:
        supervision = tasks.create_task(services.supervise())
        await commit(services.database_url, 1)
        killed = services.pids[name]
        psutil.Process(services.keeper_pids[name]).kill()
        await until_restarted(services, name, killed)
        await eventually(lambda: not psutil.pid_exists(killed), what="the service without a keeper has ended")
        supervision.cancel()


async def test_a_frozen_service_does_not_keep_the_stop_waiting(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir, postgres=False) as services:
        frozen = services.pids["Redis"]
        psutil.Process(frozen).suspend()
    assert not psutil.pid_exists(frozen)


async def test_supervision_ends_with_the_stop(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir, postgres=False) as services:
        supervision = asyncio.create_task(services.supervise())
        await turns()
    await supervision
    assert services.pids == {}
