"""Connections: one pool per node and URL, and the one function that opens the write transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

import asyncpg
import orjson
import structlog

from channels.errors import DatabaseUnavailable, OutcomeUnknown
from persistence.lending import Connection, Lending
from persistence.outages import BUSY, LOST
from persistence.queries import queries

log = structlog.get_logger(__name__)

SQL = queries("database")

Raw: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

LOCK_TIMEOUT_MS = 2_000
STATEMENT_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 3_000
"""How long a node that was frozen in the middle of a write may hold up the others that write to the same customer."""

REPLICA_WAITS = (0, 0.002, 0.005, 0.01)
"""Seconds between looks whether the replica has caught up, before a reader goes to the primary."""

REPLICA_RESTS = 5.0
"""Seconds for which a replica that could not be asked is not asked again."""


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """Where the database is, and how many connections this process may hold. Times in seconds."""

    url: str
    replica_url: str | None = None
    pool_min: int = 10
    pool_max: int = 50
    connect_timeout: float = 5.0


class Database:
    """A pool for writes and fresh reads, and one for a replica where there is one."""

    def __init__(self, options: DatabaseOptions, primary: Lending, replica: Lending | None) -> None:
        self._options = options
        self._primary = primary
        self._replica = replica
        self._replica_rests_until = 0.0

    @classmethod
    @asynccontextmanager
    async def connect(cls, options: DatabaseOptions) -> AsyncIterator[Database]:
        """Opens the pools; raises DatabaseUnavailable when PostgreSQL does not answer in time."""
        primary = await _open_pool(options.url, options)
        try:
            replica = None if options.replica_url is None else await _open_pool(options.replica_url, options)
        except DatabaseUnavailable:
            primary.terminate()
            raise
        try:
            yield cls(options, primary, replica)
        finally:
            for pool in (primary, replica):
                if pool is not None:
                    await pool.close()

    def reading(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for reads that must see what was just committed."""
        return _Borrowed(self._primary)

    def reading_pages(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for lists, history and exports: to the replica, where there is one that keeps up.

        Whoever reads sees what was committed before, by this process or any other: the replica is used when it
        has replayed all that the primary had written down at this moment, for which it is waited a little.
        """
        if self._replica is None or asyncio.get_running_loop().time() < self._replica_rests_until:
            return _Borrowed(self._primary)
        return self._from_replica_if_it_keeps_up(self._replica)

    @asynccontextmanager
    async def _from_replica_if_it_keeps_up(self, replica: Lending) -> AsyncIterator[Connection]:
        async with AsyncExitStack() as stack:
            connection = await self._caught_up(replica, stack)
            if connection is None:
                connection = await stack.enter_async_context(_Borrowed(self._primary))
            yield connection

    async def _caught_up(self, replica: Lending, stack: AsyncExitStack) -> Connection | None:
        """A connection to the replica, which the stack gives back; None where it is behind or away."""
        async with _Borrowed(self._primary) as primary:
            reached = await primary.fetchrow(SQL["position"])
        own = AsyncExitStack()
        try:
            connection: Connection = await own.enter_async_context(_Borrowed(replica))
            for wait in REPLICA_WAITS:
                await asyncio.sleep(wait)  # reason: the replica is given a moment to catch up
                if reached and await connection.fetchval(SQL["has_replayed"], reached["position"], reached["epoch"]):
                    stack.push_async_exit(own.pop_all())
                    return connection
        except (*LOST, *BUSY, DatabaseUnavailable, asyncpg.PostgresError) as error:
            self._replica_rests_until = asyncio.get_running_loop().time() + REPLICA_RESTS
            log.warning("the replica is away: the primary serves its readers", error=str(error) or type(error).__name__)
        finally:
            await own.aclose()
        return None

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A connection whose statements all see the same moment."""
        async with self.reading() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """The write transaction: READ COMMITTED, so that a statement after a row lock sees the latest rows.

        Commits when the block ends, rolls back when it raises. Raises OutcomeUnknown where the connection
        was lost during the commit, DatabaseUnavailable where it was lost before: then nothing was written.
        """
        async with _Borrowed(self._primary) as connection:
            transaction = connection.transaction()
            try:
                await transaction.start()
                yield connection
            except BaseException:  # reason: whatever ends the block, also a cancellation, ends the transaction
                await _roll_back(connection, transaction)
                raise
            try:
                await transaction.commit()
            except (*LOST, TimeoutError) as error:
                _drop(connection)
                raise OutcomeUnknown from error

    @asynccontextmanager
    async def committing(self) -> AsyncIterator[Connection]:
        """A connection for one statement that is a transaction of its own, and so commits when it succeeds.

        Raises OutcomeUnknown where the connection was lost during the statement; DatabaseUnavailable otherwise:
        then nothing was written.
        """
        async with _Borrowed(self._primary) as connection:
            try:
                yield connection
            except (*LOST, TimeoutError) as error:
                raise OutcomeUnknown from error

    @property
    def limit(self) -> int:
        """The most connections that this process may open."""
        return self._options.pool_max

    @property
    def size(self) -> int:
        return self._primary.size

    @property
    def idle(self) -> int:
        return self._primary.idle


class _Borrowed:
    """A connection, for a while; trouble with the database comes out in our own words.

    A class, since every request passes here, and generators as context managers cost more than the pool.
    """

    __slots__ = ("_connection", "_lending")

    def __init__(self, lending: Lending) -> None:
        self._lending = lending

    async def __aenter__(self) -> Connection:
        try:
            self._connection = await self._lending.borrow()
        except TimeoutError as error:
            raise DatabaseUnavailable("no database connection became free in time; try again") from error
        except (*LOST, *BUSY) as error:
            raise _in_our_words(error) from error
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._lending.give_back(self._connection, well=kind is None)
        if isinstance(error, (*LOST, *BUSY)):
            raise _in_our_words(error) from error


class DatabaseBusy(DatabaseUnavailable):
    """PostgreSQL is there, but refused or ended a statement: a lock or a time limit, a full disk."""


@contextmanager
def translated() -> Iterator[None]:
    """Trouble with the database in our own words; the errors of single statements pass through."""
    try:
        yield
    except (*LOST, *BUSY) as error:
        raise _in_our_words(error) from error


def _in_our_words(error: BaseException) -> DatabaseUnavailable:
    if isinstance(error, LOST):
        return DatabaseUnavailable()
    return DatabaseBusy(f"the database is too busy ({type(error).__name__}); try again")


async def _roll_back(connection: Connection, transaction: asyncpg.transaction.Transaction) -> None:
    try:
        await transaction.rollback()
    except (*LOST, TimeoutError, asyncpg.PostgresError):
        _drop(connection)


def _drop(connection: Connection) -> None:
    """Nobody else shall get it with a transaction under way."""
    with suppress(asyncpg.InterfaceError):  # the pool has dropped it already
        connection.terminate()


async def _open_pool(url: str, options: DatabaseOptions) -> Lending:
    try:
        pool: asyncpg.Pool[Any] = asyncpg.create_pool(
            url,
            min_size=min(options.pool_min, options.pool_max),
            max_size=options.pool_max,
            timeout=options.connect_timeout,
            command_timeout=STATEMENT_TIMEOUT_MS / 1000 + 2,
            max_inactive_connection_lifetime=300,
            init=_prepare,
            reset=_no_reset,
            server_settings={
                "application_name": "casewire",
                "timezone": "UTC",
                "jit": "off",
                # each statement has one good plan, whatever its values; to plan it each time costs more than a page
                "plan_cache_mode": "force_generic_plan",
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
            },
        )
        await asyncio.wait_for(pool, options.connect_timeout * 2)
    except (*LOST, *BUSY, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise DatabaseUnavailable(f"cannot connect to the database: {error or type(error).__name__}") from error
    return Lending(pool, options.connect_timeout)


async def _prepare(connection: Raw) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
    )


async def _no_reset(_connection: Raw) -> None:
    """We leave no session state behind, so a returned connection needs no round trip to be cleaned."""
