"""Logins: one family of refresh tokens each. Tokens themselves never come here, only their hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from persistence.database import Database
from persistence.queries import queries

SQL = queries("logins")

GRACE = timedelta(seconds=10)
"""How long a replaced refresh token is still accepted: two tabs may refresh at the same moment."""


@dataclass(frozen=True, slots=True)
class RotatedLogin:
    """`rotated` is False where the token had just been replaced by another request: then the new hash was
    not stored, and the caller must not hand out the token it belongs to. The browser has got the other one.
    """

    login_id: UUID
    agent_id: int
    rotated: bool = True


class Logins:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, agent_id: int, refresh_hash: bytes, expires_at: datetime) -> UUID:
        """A new login; returns its id, which access tokens carry."""
        async with self._database.writing() as connection:
            login_id: UUID = await connection.fetchval(SQL["open"], agent_id, refresh_hash, expires_at)
        return login_id

    async def rotate(self, old_hash: bytes, new_hash: bytes) -> RotatedLogin | None:
        """Replaces a refresh token; None where it is unknown, expired, revoked, or was replaced earlier.

        A token that was replaced earlier is in the wrong hands, or its successor is: the login is revoked.
        """
        async with self._database.writing() as connection:
            row = await connection.fetchrow(SQL["find"], old_hash, GRACE)
            if row is None:
                return None
            if row["is_current"]:
                await connection.execute(SQL["rotate"], row["id"], new_hash)
            elif not row["just_rotated"]:
                await connection.execute(SQL["revoke"], row["id"])
                return None
        return RotatedLogin(row["id"], row["agent_id"], rotated=row["is_current"])

    async def revoke(self, login_id: UUID) -> None:
        """Ends a login; doing so again changes nothing."""
        async with self._database.writing() as connection:
            await connection.execute(SQL["revoke"], login_id)

    async def revoked_since(self, moment: datetime) -> set[UUID]:
        """The logins that were revoked at or after a moment, by the database's clock."""
        async with self._database.reading() as connection:
            return {row["id"] for row in await connection.fetch(SQL["revoked_since"], moment)}
