"""Facts about a PostgreSQL server that decide whether Casewire can work well with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from persistence.migrate import CONNECT_TIMEOUT, Connection, explained
from persistence.queries import queries

SQL = queries("checkup")


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """`version` as PostgreSQL numbers it (180004 is 18.4); `connections`: how many ordinary accounts may open in all;
    `in_recovery`: it is a replica; `now`: its clock."""

    version: int
    encoding: str
    connections: int
    fsync: bool
    synchronous_commit: bool
    in_recovery: bool
    now: datetime
    may_create: bool


async def database_facts(dsn: str) -> DatabaseFacts:
    """Raises DatabaseUnavailable."""
    with explained():
        connection: Connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT)
        try:
            row = await connection.fetchrow(SQL["facts"])
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT)
    if row is None:
        raise RuntimeError("a SELECT without FROM returned nothing")
    return DatabaseFacts(**dict(row))


async def has_administrator(dsn: str) -> bool:
    """Whether an active agent is an admin. The schema must be there. Raises DatabaseUnavailable."""
    with explained():
        connection: Connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT)
        try:
            return bool(await connection.fetchval(SQL["administrators"]))
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT)
