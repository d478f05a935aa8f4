"""Migrations: numbered SQL files, each applied once, in order, in a transaction of its own.

Any number of nodes may start at once: each step is taken under one advisory lock and looks again at what
has been applied, so one node applies it and the others find it done.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeAlias

import asyncpg

from channels.errors import CasewireError, DatabaseUnavailable
from persistence.database import translated
from persistence.queries import queries

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SQL = queries("migrate")
LOCK = 7_230_118_442
"""The advisory lock of all migrations: any number, but the same in every version."""

CONNECT_TIMEOUT = 10.0
LOCK_TIMEOUT = 120.0
"""Seconds to wait for another node that is migrating."""

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


class MigrationRefused(CasewireError):
    """The database and this version of the code do not fit; `str(error)` says why and what to do."""

    name = "migration-refused"


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text in hexadecimal digits, whatever line ends a checkout gave it."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


def known_migrations(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """The migrations of this version of the code, in order."""
    folder = folder or files("persistence").joinpath("migrations")
    found = []
    for file in folder.iterdir():
        match = _FILE.fullmatch(file.name)
        if match is not None:
            found.append(Migration(int(match[1]), match[2], file.read_text("utf-8")))
    found.sort(key=lambda migration: migration.version)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations must be numbered 1, 2, 3, …; found {', '.join(map(str, found))}")
    return tuple(found)


async def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Brings the database up to date; returns the names of the migrations that this call applied.

    Raises MigrationRefused where the database is newer than the code or was migrated by other files,
    and DatabaseUnavailable where it cannot be reached.
    """
    migrations = known_migrations() if migrations is None else migrations
    with explained():
        connection: Connection = await asyncpg.connect(
            dsn, timeout=CONNECT_TIMEOUT, server_settings={"application_name": "casewire migrate"}
        )
        try:
            return await _apply_all(connection, migrations)
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT)


async def pending(dsn: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """The names of the migrations that `migrate` would apply, changing nothing. Raises like `migrate`."""
    migrations = known_migrations() if migrations is None else migrations
    with explained():
        connection: Connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT)
        try:
            return [str(migration) for migration in _left(await _applied(connection), migrations)]
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT)


async def _apply_all(connection: Connection, migrations: Sequence[Migration]) -> list[str]:
    if not _left(await _applied(connection), migrations):
        return []  # the usual start takes no lock
    done: list[str] = []
    while True:
        async with connection.transaction():
            await connection.execute(SQL["patience"], str(int(LOCK_TIMEOUT * 1000)))
            await connection.execute(SQL["lock"], LOCK, timeout=LOCK_TIMEOUT + CONNECT_TIMEOUT)
            await connection.execute(SQL["create_table"])
            left = _left(await _applied(connection), migrations)
            if not left:
                return done
            await connection.execute(left[0].sql)
            await connection.execute(SQL["record"], left[0].version, left[0].name, left[0].checksum)
        done.append(str(left[0]))


async def _applied(connection: Connection) -> dict[int, asyncpg.Record]:
    if not await connection.fetchval(SQL["has_table"]):
        return {}
    return {row["version"]: row for row in await connection.fetch(SQL["applied"])}


def _left(applied: Mapping[int, asyncpg.Record], migrations: Sequence[Migration]) -> list[Migration]:
    """What is still to be applied; refuses a database that went another way."""
    known = {migration.version: migration for migration in migrations}
    unknown = sorted(applied.keys() - known.keys())
    if unknown:
        latest = applied[unknown[-1]]
        raise MigrationRefused(
            f"the database is newer than this version of Casewire: it has migration "
            f"{latest['version']:04}_{latest['name']}, and this version knows {len(known)}. Start a newer version."
        )
    for version, row in applied.items():
        if row["checksum"] != known[version].checksum:
            raise MigrationRefused(
                f"migration {known[version]} was applied to this database with another content than this version's. "
                "Start the version that made the database, or use an empty one."
            )
    return [migration for migration in migrations if migration.version not in applied]


@contextmanager
def explained() -> Iterator[None]:
    """The database's own words as sentences that say what to do."""
    with translated():
        try:
            yield
        except (
            OSError,
            asyncpg.ClientConfigurationError,
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InvalidCatalogNameError,
        ) as error:
            sentence = f"cannot connect to the database: {error or type(error).__name__}; check DATABASE_URL"
            raise DatabaseUnavailable(sentence) from error
        except asyncpg.InsufficientPrivilegeError as error:
            raise MigrationRefused(f"this database account may not make the tables: {error}") from error
        except asyncpg.DuplicateTableError as error:
            raise MigrationRefused(
                f"the database has tables that no migration made ({error}). Use an empty database."
            ) from error
