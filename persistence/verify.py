"""Checks the laws on a database: what its constraints cannot express, and what a restored backup must still hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import orjson

from persistence.migrate import CONNECT_TIMEOUT, Connection, explained
from persistence.queries import queries

SQL = queries("verify")
SHOWN = 5
"""How many violations of a law are told."""

DEFAULTS = orjson.dumps({"status": "new", "priority": "normal", "archived": False}).decode()
"""What a customer's fields are before its first action says otherwise."""

LAWS = {
    "epoch": "the history has one identity",
    "offsets": "the actions of each customer are numbered 1, 2, 3, … up to its offset",
    "halves": "no action is both live and archived",
    "versions": "versions count the changes of fields",
    "latest_versions": "each customer shows the version and the time of its latest change",
    "field_versions": "each field shows the version at which it last changed",
    "changes": "each change starts from what the one before it left",
    "states": "each customer is what its actions made of it",
    "commands": "no command was recorded twice",
    "references": "replies, edits and deletions refer to earlier comments",
    "inboxes": "the notices of each agent are numbered 1, 2, 3, … up to its inbox's offset",
    "notices": "each notice is about an action",
    "read_marks": "nobody has read beyond the latest action",
}
"""The blocks of `sql/verify.sql` and what they check, in the order in which they run."""

_WITH_DEFAULTS = frozenset({"changes", "states"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one law; no violations means that it holds."""

    law: str
    violations: tuple[str, ...]


async def verify(dsn: str) -> AsyncIterator[Verdict]:
    """Checks each law, all on one snapshot, without holding up anybody. Raises DatabaseUnavailable."""
    with explained():
        connection: Connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await connection.execute(SQL["patience"])
                for name, law in LAWS.items():
                    defaults = [DEFAULTS] if name in _WITH_DEFAULTS else []
                    rows = await connection.fetch(SQL[name], SHOWN, *defaults)
                    yield Verdict(law, tuple(row[0] for row in rows))
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT)
