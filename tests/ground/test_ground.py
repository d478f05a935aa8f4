"""The ground itself: what one test does to its database or its Redis, no other test sees."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from tests.ground.chromium import find_chromium
from tests.ground.eventually import eventually
from tests.ground.folder import PREFIX, reachable_folder
from tests.ground.server import Servers


@pytest.mark.parametrize("_again", [1, 2])
async def test_each_test_has_a_database_of_its_own_with_the_schema(database_url: str, _again: int) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM customers") == 0
        await connection.execute("CREATE TABLE left_behind ()")
    finally:
        await connection.close()


@pytest.mark.parametrize("_again", range(20))
async def test_each_test_has_an_empty_redis(redis_url: str, _again: int) -> None:
    async with redis.asyncio.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left behind", 1)


async def test_servers_share_a_database_and_end_with_the_test(servers: Servers) -> None:
    first, second = await servers.start(), await servers.start()
    assert first.port != second.port
    first.kill()
    assert second.stop() == 0
    assert "Traceback" not in second.words()


async def test_eventually_says_what_it_waited_for_in_vain() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: rain"):
        await eventually(lambda: False, within=0.05, what="rain")


def test_folders_of_killed_sessions_are_removed() -> None:
    gone = subprocess.Popen(["/bin/sh", "-c", ":"])
    gone.wait()
    with reachable_folder("first") as first:
        abandoned = first.with_name(f"{PREFIX}{gone.pid}-abandoned")
        abandoned.mkdir()
        with reachable_folder("second"):
            assert first.exists()
            assert not abandoned.exists()


def test_the_chromium_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = tmp_path / "browser"
    named.write_text("#!/bin/sh\nexit 0\n")
    named.chmod(0o755)
    monkeypatch.setitem(os.environ, "CHROMIUM", str(named))
    find_chromium.cache_clear()
    assert find_chromium() == named
    find_chromium.cache_clear()
