"""Start, stop, start again; and what a kill in between leaves behind: nothing but the data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis.asyncio

from server.embedded import EmbeddedServices, EmbeddedServicesError
from server.embedded.account import choose_account
from server.embedded.postgres import STOP
from server.embedded.programs import postgres_programs
from tests.embedded.conftest import Parent, StartParent
from tests.ground.eventually import eventually


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def commit(url: str, number: int) -> None:
    async with connected(url) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        await connection.execute("INSERT INTO kept VALUES ($1)", number)


async def committed(url: str) -> list[int]:
    async with connected(url) as connection:
        return [row["number"] for row in await connection.fetch("SELECT number FROM kept ORDER BY number")]


async def test_second_start_finds_the_data_of_the_first(new_data_dir: Path) -> None:
    told: list[str] = []
    async with EmbeddedServices(new_data_dir, progress=told.append) as services:
        await commit(services.database_url, 1)
        async with redis.asyncio.from_url(services.redis_url) as client:
            assert await client.ping()
        first = services.pids
    assert any("PostgreSQL 18" in sentence for sentence in told)
    assert not any(psutil.pid_exists(pid) for pid in first.values())

    told.clear()
    async with EmbeddedServices(new_data_dir, progress=told.append) as services:
        assert await committed(services.database_url) == [1]
    assert told == []


async def test_what_is_committed_is_flushed_to_disk(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir, redis=False) as services, connected(services.database_url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await connection.fetchval(f"SHOW {setting}") == "on"
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert await connection.fetchval("SHOW timezone") == "UTC"


async def test_one_of_the_two_can_be_had_alone(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir, postgres=False) as services:
        assert list(services.pids) == ["Redis"]
        with pytest.raises(RuntimeError, match="PostgreSQL"):
            _ = services.database_url


async def test_nothing_survives_a_killed_server_but_what_was_committed(
    data_dir: Path, start_parent: StartParent
) -> None:
    parent = start_parent(data_dir)
    await commit(parent.database_url, 1)
    parent.kill()
    await eventually(parent.nothing_is_left, what="the services end with their parent")

    async with EmbeddedServices(data_dir) as services:
        assert await committed(services.database_url) == [1]


async def test_the_next_start_waits_for_what_a_killed_server_left_stopping(
    data_dir: Path, start_parent: StartParent
) -> None:
    for number in range(3):
        parent = start_parent(data_dir)
        await commit(parent.database_url, number)
        parent.kill()
    async with EmbeddedServices(data_dir) as services:
        assert await committed(services.database_url) == [0, 1, 2]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the services that their keepers died")
async def test_nothing_survives_when_server_and_keepers_are_killed_at_once(
    data_dir: Path, start_parent: StartParent
) -> None:
    parent = start_parent(data_dir)
    await commit(parent.database_url, 1)
    for pid in (*parent.keepers.values(), parent.process.pid):
        psutil.Process(pid).kill()
    parent.process.wait()
    await eventually(parent.nothing_is_left, what="the services end with their keepers")

    async with EmbeddedServices(data_dir) as services:
        assert await committed(services.database_url) == [1]


async def test_a_start_after_everything_was_killed(data_dir: Path, start_parent: StartParent) -> None:
    """As after a power failure: pid files, sockets and an unfinished log are there, processes are not."""
    parent = start_parent(data_dir)
    await commit(parent.database_url, 1)
    for pid in (*parent.keepers.values(), parent.process.pid, *parent.pids.values()):
        psutil.Process(pid).kill()
    parent.process.wait()
    assert (parent.home / "postgresql" / "postmaster.pid").exists()

    async with EmbeddedServices(data_dir) as services:
        assert await committed(services.database_url) == [1]


async def test_ctrl_c_is_for_the_server_which_stops_its_services_in_order(
    data_dir: Path, start_parent: StartParent
) -> None:
    parent = start_parent(data_dir)
    await commit(parent.database_url, 1)
    assert parent.interrupt() == 0
    assert parent.nothing_is_left()
    assert not (parent.home / "postgresql" / "postmaster.pid").exists()
    assert list((parent.home / "run").iterdir()) == []


async def test_a_postgresql_that_nobody_keeps_is_ended_before_the_next_start(data_dir: Path) -> None:
    """Where the system does not tell PostgreSQL that its keeper was killed, it is still there at the next start."""
    async with EmbeddedServices(data_dir, redis=False) as services:
        await commit(services.database_url, 1)
        home = services.home
    account = choose_account((home / "postgresql").stat().st_uid)
    orphan = subprocess.Popen(
        [postgres_programs(account, home, print) / "postgres", "-D", home / "postgresql"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=None if account.is_ourselves else account.uid,
        group=None if account.is_ourselves else account.gid,
        extra_groups=None if account.is_ourselves else [],
        start_new_session=True,
    )
    await eventually((home / "postgresql" / "postmaster.pid").exists)

    async with EmbeddedServices(data_dir, redis=False) as services:
        assert orphan.wait(sum(patience for _, patience in STOP)) == 0
        assert await committed(services.database_url) == [1]


async def test_a_pid_file_that_names_somebody_else_does_not_stop_the_start(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir) as services:
        await commit(services.database_url, 1)
        cluster, cache = services.home / "postgresql", services.home / "redis"
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as somebody:
        (cluster / "postmaster.pid").write_text(f"{somebody.pid}\n{cluster}\n1\n5432\n\n\n0 0\nready\n")
        (cache / "redis.pid").write_text(f"{somebody.pid}\n")
        async with EmbeddedServices(data_dir) as services:
            assert await committed(services.database_url) == [1]
        assert somebody.poll() is None
        somebody.communicate(b"")


async def test_a_first_start_that_was_cut_short_is_begun_anew(new_data_dir: Path) -> None:
    half = new_data_dir / "postgresql.new"
    half.mkdir(parents=True)
    new_data_dir.chmod(0o711)
    (half / "PG_VERSION").write_text("18\n")
    async with EmbeddedServices(new_data_dir, redis=False) as services:
        await commit(services.database_url, 1)
    assert not half.exists()


async def test_a_second_server_on_the_same_folder_is_refused_in_a_sentence(
    data_dir: Path, start_parent: StartParent
) -> None:
    parent: Parent = start_parent(data_dir)
    with pytest.raises(EmbeddedServicesError, match=rf"in use by a running server \(process {parent.process.pid}\)"):
        await EmbeddedServices(data_dir).__aenter__()
    async with connected(parent.database_url) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_data_of_another_postgresql_is_refused_in_a_sentence(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir, redis=False) as services:
        version = services.home / "postgresql" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedServicesError, match="written by PostgreSQL 17, and this is 18"):
        await EmbeddedServices(data_dir, redis=False).__aenter__()


async def test_a_start_that_fails_shows_the_end_of_the_log_and_leaves_nothing(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir) as services:
        home = services.home
    control = home / "postgresql" / "global" / "pg_control"
    control.rename(control.with_name("hidden"))
    with pytest.raises(EmbeddedServicesError, match=r"ended while it started(.|\n)*pg_control"):
        await EmbeddedServices(data_dir).__aenter__()
    control.with_name("hidden").rename(control)
    async with EmbeddedServices(data_dir) as services:
        assert set(services.pids) == {"PostgreSQL", "Redis"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_services_do_not_get_our_secrets(data_dir: Path, start_parent: StartParent) -> None:
    parent = start_parent(data_dir)
    assert b"not for the services" in Path(f"/proc/{parent.process.pid}/environ").read_bytes()
    for pid in parent.pids.values():
        assert b"not for the services" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert psutil.Process(pid).uids().effective != 0
    assert os.environ.get("CASEWIRE_SECRET_KEY") is None
