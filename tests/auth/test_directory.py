"""The directory follows the accounts and the logins of the database, and tells its listeners what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from channels.agent import Agent, Role
from persistence.agents import Agents
from persistence.database import Database, DatabaseOptions
from persistence.logins import Logins
from server.auth.directory import Directory, DirectoryChange


class House:
    """A directory over a real database, with one agent and what its listener heard."""

    def __init__(self, database: Database) -> None:
        self.agents = Agents(database)
        self.logins = Logins(database)
        self.directory = Directory(self.agents, self.logins)
        self.heard: list[DirectoryChange] = []
        self.directory.on_change(self.heard.append)

    async def open(self) -> Agent:
        dana = await self.agents.create("dana", "Dana", Role.AGENT, None)
        await self.directory.refresh()
        return dana


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with Database.connect(DatabaseOptions(database_url, pool_min=1, pool_max=2)) as database:
        yield House(database)


async def test_agents_are_known_by_id_and_by_name(house: House) -> None:
    dana = await house.open()
    assert house.directory.agent(dana.id) == house.directory.by_username("dana") == dana
    assert house.directory.agent(dana.id + 1) is None
    assert house.directory.by_username("lee") is None
    assert house.directory.everyone() == [dana]
    assert house.heard == []  # somebody new concerns no connection


async def test_a_deactivated_agent_is_told_once(house: House) -> None:
    dana = await house.open()
    await house.agents.update(dana.id, active=False)
    await house.directory.refresh()
    await house.directory.refresh()
    assert [change.deactivated for change in house.heard] == [{dana.id}]
    known = house.directory.agent(dana.id)
    assert known is not None
    assert not known.active


async def test_another_role_is_told_with_the_agent_as_it_is_now(house: House) -> None:
    dana = await house.open()
    promoted = await house.agents.update(dana.id, role=Role.SUPERVISOR)
    await house.directory.refresh()
    assert [dict(change.changed) for change in house.heard] == [{dana.id: promoted}]


async def test_an_ended_login_is_told_and_remembered(house: House) -> None:
    dana = await house.open()
    login_id = await house.logins.open(dana.id, b"hash", datetime.now(UTC) + timedelta(days=1))
    assert not house.directory.is_revoked(login_id)
    await house.logins.revoke(login_id)
    await house.directory.refresh()
    assert [change.ended_logins for change in house.heard] == [{login_id}]
    assert house.directory.is_revoked(login_id)


async def test_deactivating_and_a_new_password_end_the_logins(house: House) -> None:
    dana = await house.open()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    first = await house.logins.open(dana.id, b"first", tomorrow)
    await house.agents.update(dana.id, password_hash="another")
    second = await house.logins.open(dana.id, b"second", tomorrow)
    await house.agents.update(dana.id, active=False)
    await house.directory.refresh()
    assert house.directory.is_revoked(first)
    assert house.directory.is_revoked(second)
