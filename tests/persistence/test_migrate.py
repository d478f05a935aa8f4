"""Migrations: applied once, by one node, as a whole or not at all; and the schema file says the same."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from channels.errors import DatabaseUnavailable
from persistence.migrate import Migration, MigrationRefused, known_migrations, migrate, pending
from tests.ground.ports import free_port
from tests.persistence.catalog import described

FIRST = Migration(1, "first", "CREATE TABLE one (id int)")
SECOND = Migration(2, "second", "CREATE TABLE two (id int); CREATE INDEX two_id ON two (id)")
BROKEN = Migration(2, "broken", "CREATE TABLE two (id int); SELECT 1 / 0")


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row[0] for row in rows}
    finally:
        await connection.close()


async def test_an_empty_database_gets_every_migration_and_the_next_start_none(empty_database_url: str) -> None:
    names = [str(migration) for migration in known_migrations()]
    assert await pending(empty_database_url) == names
    assert await migrate(empty_database_url) == names
    assert await pending(empty_database_url) == []
    assert await migrate(empty_database_url) == []


async def test_of_many_nodes_that_start_at_once_one_applies_each(empty_database_url: str) -> None:
    migrations = (FIRST, SECOND)
    applied = await asyncio.gather(*(migrate(empty_database_url, migrations) for _ in range(8)))
    assert sorted(name for names in applied for name in names) == ["0001_first", "0002_second"]


async def test_later_migrations_are_added_to_earlier_ones(empty_database_url: str) -> None:
    await migrate(empty_database_url, [FIRST])
    assert await migrate(empty_database_url, [FIRST, SECOND]) == ["0002_second"]


async def test_a_migration_that_fails_leaves_nothing_and_frees_the_lock(empty_database_url: str) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database_url, [FIRST, BROKEN])
    assert await tables(empty_database_url) == {"schema_migrations", "one"}
    assert await migrate(empty_database_url, [FIRST, SECOND]) == ["0002_second"]


async def test_a_database_that_is_newer_than_the_code_is_refused(empty_database_url: str) -> None:
    await migrate(empty_database_url, [FIRST, SECOND])
    with pytest.raises(MigrationRefused, match="newer than this version of Casewire: it has migration 0002_second"):
        await migrate(empty_database_url, [FIRST])


async def test_a_migration_whose_text_changed_is_refused(empty_database_url: str) -> None:
    await migrate(empty_database_url, [FIRST])
    with pytest.raises(MigrationRefused, match="0001_first was applied to this database with another content"):
        await migrate(empty_database_url, [Migration(1, "first", "CREATE TABLE other (id int)")])


def test_a_checkout_with_other_line_ends_has_the_same_checksums() -> None:
    assert Migration(1, "a", "SELECT 1;\r\nSELECT 2;").checksum == Migration(1, "a", "SELECT 1;\nSELECT 2;").checksum


async def test_tables_that_no_migration_made_are_refused(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("CREATE TABLE one (id int)")
    await connection.close()
    with pytest.raises(MigrationRefused, match="Use an empty database"):
        await migrate(empty_database_url, [FIRST])


async def test_an_account_that_may_not_make_tables_is_told_so(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
    await connection.close()
    with pytest.raises(MigrationRefused, match="may not make the tables"):
        await migrate(empty_database_url.replace("//casewire@", "//reader@"))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://nobody@127.0.0.1:{port}/nothing", "cannot connect to the database.*check DATABASE_URL"),
        ("{server}_that_does_not_exist", "does not exist; check DATABASE_URL"),
    ],
)
async def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(
    empty_database_url: str, url: str, sentence: str
) -> None:
    where, _, query = empty_database_url.partition("?")
    address = url.format(port=free_port(), server=where) + (f"?{query}" if "{server}" in url else "")
    with pytest.raises(DatabaseUnavailable, match=sentence):
        await migrate(address)


def test_migrations_are_numbered_without_gaps(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1")
    (tmp_path / "0003_b.sql").write_text("SELECT 1")
    with pytest.raises(ValueError, match="numbered 1, 2, 3"):
        known_migrations(tmp_path)


async def test_the_schema_file_equals_the_migrations(database_url: str, empty_database_url: str) -> None:
    schema = files("persistence").joinpath("database_schema.sql").read_text("utf-8")
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(schema)
    await connection.close()
    by_hand, by_server = await described(empty_database_url), await described(database_url)
    for name in by_server:
        assert by_hand[name] == by_server[name], f"persistence/database_schema.sql differs in its {name}"
    assert await migrate(empty_database_url) == []
