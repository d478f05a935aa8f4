"""What asyncpg raises when the database is away, or has enough to do."""

from __future__ import annotations

import asyncpg

LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # the driver has lost track: after a freeze an answer and its time limit came at once
)
"""The connection is gone; whether a statement under way took effect is not known."""

BUSY = (
    TimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""PostgreSQL is there and refused for now."""
