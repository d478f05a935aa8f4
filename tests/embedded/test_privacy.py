"""Who can reach the services: their owner, by a Unix socket in a private folder, wherever the data folder lies."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from server.embedded import EmbeddedServices, default_data_dir, secret_key
from tests.embedded.conftest import StartParent
from tests.embedded.test_life import commit, committed
from tests.ground.eventually import eventually

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change accounts")


def socket_folder(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_the_sockets_lie_in_a_private_folder_and_nothing_listens_on_the_network(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir) as services:
        folder = socket_folder(services.database_url)
        postgres = psutil.Process(services.pids["PostgreSQL"])
        assert mode(folder) == 0o700
        assert folder.stat().st_uid == postgres.uids().effective
        assert {entry.name for entry in folder.iterdir()} >= {".s.PGSQL.5432", "redis.sock"}
        for pid in services.pids.values():
            assert psutil.Process(pid).net_connections("inet") == []
        for name in ("postgresql", "redis"):
            assert mode(services.home / name) == 0o700


async def test_a_data_folder_too_deep_for_sockets(new_data_dir: Path, start_parent: StartParent) -> None:
    deep = new_data_dir / ("a folder with a long name, a comma, a % and an ü/" * 4)
    parent = start_parent(deep)
    await commit(parent.database_url, 1)
    folder = socket_folder(parent.database_url)
    assert not folder.is_relative_to(new_data_dir)
    assert mode(folder) == 0o700

    parent.kill()
    await eventually(parent.nothing_is_left)
    async with EmbeddedServices(deep) as services:
        assert socket_folder(services.database_url) == folder, "the next start uses the folder that was left"
        assert await committed(services.database_url) == [1]
    assert not folder.exists()


async def test_a_remembered_socket_folder_that_is_not_private_any_more_is_not_used(new_data_dir: Path) -> None:
    deep = new_data_dir / ("deep/" * 30)
    deep.mkdir(parents=True)
    strange = new_data_dir / "strange"
    strange.mkdir()
    strange.chmod(0o777)
    (deep / "sockets").write_text(f"{strange}\n")
    async with EmbeddedServices(deep) as services:
        folder = socket_folder(services.database_url)
        assert folder != strange
        assert mode(folder) == 0o700


@AS_ROOT
async def test_root_keeps_the_data_elsewhere_when_the_account_cannot_enter_the_folder(new_data_dir: Path) -> None:
    new_data_dir.parent.chmod(0o700)
    told: list[str] = []
    async with EmbeddedServices(new_data_dir, progress=told.append) as services:
        await commit(services.database_url, 1)
        home = services.home
        assert psutil.Process(services.pids["PostgreSQL"]).uids().effective != 0
    assert home.is_relative_to("/var/lib/casewire")
    assert any(str(home) in sentence for sentence in told)
    assert mode(new_data_dir.parent) == 0o700, "nobody else's folder was opened up"

    new_data_dir.parent.chmod(0o711)
    async with EmbeddedServices(new_data_dir) as services:
        assert services.home == home, "the data stays where it is, even if it could be here by now"
        assert await committed(services.database_url) == [1]


@AS_ROOT
async def test_root_runs_the_services_as_the_owner_of_their_data(data_dir: Path) -> None:
    async with EmbeddedServices(data_dir, redis=False) as services:
        await commit(services.database_url, 1)
        cluster = services.home / "postgresql"
    games = 5  # an account that every system has, and that nobody prefers
    for top in (cluster, cluster.parent / "run"):
        for folder, _, files in os.walk(top):
            for path in (Path(folder), *(Path(folder) / name for name in files)):
                os.chown(path, games, games)
    async with EmbeddedServices(data_dir, redis=False) as services:
        assert psutil.Process(services.pids["PostgreSQL"]).uids().effective == games
        assert await committed(services.database_url) == [1]


def test_the_secret_key_is_made_once_and_for_its_owner_alone(new_data_dir: Path) -> None:
    key = secret_key(new_data_dir)
    assert len(key) == 64
    assert mode(new_data_dir / "secret.key") == 0o600
    assert secret_key(new_data_dir) == key
    (new_data_dir / "secret.key").chmod(0o644)
    assert secret_key(new_data_dir) == key
    assert mode(new_data_dir / "secret.key") == 0o600


def test_the_data_folder_of_those_who_name_none() -> None:
    chosen = default_data_dir("/somewhere")
    assert chosen == (Path("/var/lib/casewire") if os.geteuid() == 0 else Path("/somewhere/casewire"))
