"""Agents and their logins."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from channels.agent import Agent, Role
from channels.errors import AlreadyExists, InvalidRequest, NotFound
from persistence.agents import Agents
from persistence.database import Database
from persistence.logins import GRACE, Logins
from tests.persistence.conftest import Rows

SOON = datetime.now(UTC) + timedelta(days=1)
FIRST, SECOND, THIRD = b"first", b"second", b"third"


# Agents


async def test_an_agent_is_added_once(database: Database) -> None:
    agents = Agents(database)
    dana = await agents.create("dana", "Dana", Role.AGENT, "hash")
    assert dana == Agent(dana.id, "dana", "Dana", Role.AGENT, active=True)
    assert await agents.credentials("dana") == (dana, "hash")
    assert await agents.credentials("nobody") is None
    with pytest.raises(AlreadyExists, match="username: 'dana' is taken"):
        await agents.create("dana", "Another", Role.ADMIN, None)
    assert await agents.list() == [dana]


@pytest.mark.parametrize("username", ["", "Dana", "dana.", "-dana", "da na", "d" * 33, "dänä", "dana\n"])
async def test_a_username_that_could_not_be_mentioned_is_refused(database: Database, username: str) -> None:
    with pytest.raises(InvalidRequest, match="username"):
        await Agents(database).create(username, "Dana", Role.AGENT, None)


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b"])
async def test_a_name_has_its_bounds(database: Database, people: dict[str, Agent], name: str) -> None:
    agents = Agents(database)
    with pytest.raises(InvalidRequest, match="name"):
        await agents.create("new", name, Role.AGENT, None)
    with pytest.raises(InvalidRequest, match="name"):
        await agents.update(people["dana"].id, name=name)


async def test_an_update_changes_what_is_given(database: Database, people: dict[str, Agent]) -> None:
    agents, dana = Agents(database), people["dana"]
    assert await agents.update(dana.id, name="Dana W.") == Agent(dana.id, "dana", "Dana W.")
    assert await agents.update(dana.id, role=Role.ADMIN) == Agent(dana.id, "dana", "Dana W.", Role.ADMIN)
    changed = await agents.update(dana.id, active=False, password_hash="new")
    assert changed == Agent(dana.id, "dana", "Dana W.", Role.ADMIN, active=False)
    assert await agents.credentials("dana") == (changed, "new")
    with pytest.raises(NotFound):
        await agents.update(99, name="Nobody")


@pytest.mark.parametrize("change", [{"active": False}, {"password_hash": "new"}])
async def test_a_deactivation_and_a_new_password_end_the_logins(
    database: Database, people: dict[str, Agent], change: dict[str, object]
) -> None:
    logins, (dana, lee) = Logins(database), (people["dana"], people["lee"])
    before = datetime.now(UTC) - timedelta(minutes=1)
    of_dana, of_lee = await logins.open(dana.id, FIRST, SOON), await logins.open(lee.id, SECOND, SOON)
    await Agents(database).update(dana.id, name="Dana W.")
    assert await logins.revoked_since(before) == set()
    await Agents(database).update(dana.id, **change)
    assert await logins.revoked_since(before) == {of_dana}
    assert await logins.rotate(FIRST, THIRD) is None
    rotated = await logins.rotate(SECOND, THIRD)
    assert rotated is not None
    assert rotated.login_id == of_lee


# Logins


async def test_a_refresh_token_is_replaced_by_the_next(database: Database, people: dict[str, Agent]) -> None:
    logins, dana = Logins(database), people["dana"]
    login_id = await logins.open(dana.id, FIRST, SOON)
    for old, new in [(FIRST, SECOND), (SECOND, THIRD)]:
        rotated = await logins.rotate(old, new)
        assert rotated is not None
        assert (rotated.login_id, rotated.agent_id, rotated.rotated) == (login_id, dana.id, True)
    assert await logins.rotate(b"unknown", b"other") is None


async def test_two_tabs_that_refresh_at_once_both_stay_logged_in(database: Database, people: dict[str, Agent]) -> None:
    logins = Logins(database)
    login_id = await logins.open(people["dana"].id, FIRST, SOON)
    both = await asyncio.gather(logins.rotate(FIRST, SECOND), logins.rotate(FIRST, THIRD))
    assert [rotated and rotated.login_id for rotated in both] == [login_id, login_id]
    kept = [new for rotated, new in zip(both, (SECOND, THIRD), strict=True) if rotated and rotated.rotated]
    assert len(kept) == 1
    again = await logins.rotate(kept[0], b"fourth")
    assert again is not None


async def test_a_token_that_was_replaced_earlier_ends_the_login(
    database: Database, people: dict[str, Agent], rows: Rows
) -> None:
    logins = Logins(database)
    login_id = await logins.open(people["dana"].id, FIRST, SOON)
    await logins.rotate(FIRST, SECOND)
    await rows.execute("UPDATE logins SET rotated_at = rotated_at - $1::interval", GRACE)
    assert await logins.rotate(FIRST, THIRD) is None
    assert await logins.rotate(SECOND, THIRD) is None
    assert await logins.revoked_since(datetime.now(UTC) - timedelta(minutes=1)) == {login_id}


async def test_an_expired_login_cannot_be_refreshed_and_is_forgotten_in_the_end(
    database: Database, people: dict[str, Agent], rows: Rows
) -> None:
    logins, dana = Logins(database), people["dana"]
    await logins.open(dana.id, FIRST, datetime.now(UTC) - timedelta(days=8))
    assert await logins.rotate(FIRST, SECOND) is None
    await logins.open(dana.id, SECOND, SOON)
    assert await rows.value("SELECT count(*) FROM logins") == 1


async def test_a_login_is_revoked_once(database: Database, people: dict[str, Agent], rows: Rows) -> None:
    logins = Logins(database)
    login_id = await logins.open(people["dana"].id, FIRST, SOON)
    await logins.revoke(login_id)
    first = await rows.value("SELECT revoked_at FROM logins")
    await logins.revoke(login_id)
    assert await rows.value("SELECT revoked_at FROM logins") == first
    assert await logins.revoked_since(first) == {login_id}
    assert await logins.revoked_since(first + timedelta(microseconds=1)) == set()
    assert await logins.rotate(FIRST, SECOND) is None
