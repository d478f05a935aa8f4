"""What is misconfigured, and how to mend it: the checks behind `casewire doctor`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from channels.errors import CasewireError
from channels.redis_broker import why_unreachable
from persistence.checkup import DatabaseFacts, database_facts, has_administrator
from persistence.migrate import pending
from server.listening import AddressTaken, bind, close_all
from server.loop import allow_open_files
from server.settings import Settings

OLDEST_POSTGRESQL = 14
CLOCKS_APART = 5.0
"""Seconds that the clocks may differ: tokens are judged by ours, actions are stamped by the database's."""

FILES_PER_NODE = 4096
"""Open files below which a node refuses connections long before it is busy."""


class Level(StrEnum):
    """How much a finding matters; a problem makes `doctor` end with 1."""

    GOOD = "good"
    ADVICE = "advice"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; for advice and problems the sentence says how to mend it."""

    level: Level
    sentence: str


def good(sentence: str) -> Finding:
    """Something is as it should be."""
    return Finding(Level.GOOD, sentence)


def advice(sentence: str) -> Finding:
    """Something works, and could be better."""
    return Finding(Level.ADVICE, sentence)


def problem(sentence: str) -> Finding:
    """Something does not work, or will not."""
    return Finding(Level.PROBLEM, sentence)


async def check_up(settings: Settings, *, serving: bool) -> AsyncIterator[Finding]:
    """Checks what the settings name. PostgreSQL's and Redis's addresses are in them.

    :param serving: whether a server runs on these settings already, and rightly has the port.
    """
    for finding in _node(settings, serving=serving):
        yield finding
    async for finding in _database(settings):
        yield finding
    yield await _redis(settings)


def _node(settings: Settings, *, serving: bool) -> Iterator[Finding]:
    if not serving:
        try:
            close_all(bind(settings.host, settings.port))
            yield good(f"Port {settings.port} on {settings.host} is free.")
        except AddressTaken as error:
            yield problem(str(error))
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.trusted_proxies:
        yield advice(
            "The server listens on the network and trusts no proxy. If it is behind one, name it in"
            " CASEWIRE_TRUSTED_PROXIES; otherwise all clients behind it share one rate limit."
        )
    if settings.rate_limit is None:
        yield advice("Rate limits are off, those of logins too. Unset CASEWIRE_RATE_LIMIT to have them.")
    limit = _open_files()
    if limit is not None and limit < FILES_PER_NODE:
        yield advice(f"Only {limit} files may be open, one for each connection. Raise it: `ulimit -n 65536`.")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    url = settings.database_url or ""
    try:
        facts = await database_facts(url)
        yield good(f"PostgreSQL {facts.version // 10_000} answers.")
        for finding in _facts(facts, settings):
            yield finding
        missing = await pending(url)
        if missing:
            yield advice(f"Migrations are pending ({', '.join(missing)}). The next start applies them.")
        else:
            yield good("The database is up to date.")
            if not await has_administrator(url):
                yield advice(
                    "Nobody is an administrator. Add one: `casewire agent add NAME --name … --role admin"
                    " --password-stdin`."
                )
        if settings.database_replica_url is not None:
            yield await _replica(settings.database_replica_url)
    except CasewireError as error:
        yield problem(f"PostgreSQL: {error}")


def _facts(facts: DatabaseFacts, settings: Settings) -> Iterator[Finding]:
    if facts.version < OLDEST_POSTGRESQL * 10_000:
        yield problem(f"That PostgreSQL is too old: {OLDEST_POSTGRESQL} is the oldest that works.")
    if facts.encoding != "UTF8":
        yield problem(f"The database is encoded in {facts.encoding}. Make one WITH ENCODING 'UTF8'.")
    if facts.in_recovery:
        yield problem("DATABASE_URL names a replica, which cannot be written to. Name the primary.")
    if not facts.may_create:
        yield problem("The account may not make tables: GRANT CREATE ON SCHEMA public to it.")
    if not (facts.fsync and facts.synchronous_commit):
        yield problem(
            "PostgreSQL acknowledges what is not on disk yet: what agents wrote can be lost. Switch fsync and"
            " synchronous_commit on."
        )
    if settings.db_pool_max > facts.connections:
        yield problem(
            f"CASEWIRE_DB_POOL_MAX is {settings.db_pool_max} and PostgreSQL allows {facts.connections} connections in"
            " all. Lower the one or raise max_connections; every node has a pool of its own."
        )
    apart = abs((datetime.now(UTC) - facts.now).total_seconds())
    if apart > CLOCKS_APART:
        yield advice(f"This machine's clock and the database's are {apart:.0f} s apart. Synchronise them (NTP).")


async def _replica(url: str) -> Finding:
    try:
        facts = await database_facts(url)
    except CasewireError as error:
        return problem(f"CASEWIRE_DATABASE_REPLICA_URL: {error}")
    if not facts.in_recovery:
        return problem("CASEWIRE_DATABASE_REPLICA_URL names no replica: it would show other data. Unset or mend it.")
    return good("The replica answers.")


async def _redis(settings: Settings) -> Finding:
    reason = await why_unreachable(settings.redis_url or "")
    if reason is None:
        return good("Redis answers.")
    return problem(f"Redis does not answer. Check REDIS_URL, and that it runs and accepts this machine: {reason}")


def _open_files() -> int | None:
    """How many a server may open here: it takes all that the system grants. None where there is no such limit."""
    return None if sys.platform == "win32" else allow_open_files()
