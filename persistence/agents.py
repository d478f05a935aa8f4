"""Accounts of agents."""

from __future__ import annotations

import asyncpg

from channels.agent import Agent, Role
from channels.errors import AlreadyExists, InvalidRequest, NotFound
from channels.mentions import USERNAME
from persistence.database import Database
from persistence.queries import queries
from persistence.rows import agent_from

SQL = queries("agents")
MAX_NAME = 200


class Agents:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, username: str, name: str, role: Role, password_hash: str | None) -> Agent:
        """A new, active agent; without a password hash nobody can log in as it, but it can have tokens.

        Raises AlreadyExists for a taken username, InvalidRequest for a malformed one.
        """
        _require_username(username)
        _require_name(name)
        try:
            async with self._database.writing() as connection:
                row = await connection.fetchrow(SQL["create"], username, name, role, password_hash)
        except asyncpg.UniqueViolationError as error:
            raise AlreadyExists("username", username) from error
        if row is None:
            raise RuntimeError("INSERT … RETURNING returned nothing")
        return agent_from(row)

    async def update(
        self,
        agent_id: int,
        *,
        name: str | None = None,
        role: Role | None = None,
        active: bool | None = None,
        password_hash: str | None = None,
    ) -> Agent:
        """Changes what is given. A deactivation and a new password end the agent's logins. Raises NotFound."""
        if name is not None:
            _require_name(name)
        async with self._database.writing() as connection:
            row = await connection.fetchrow(SQL["update"], agent_id, name, role, active, password_hash)
            if row is None:
                raise NotFound(f"there is no agent {agent_id}")
            if active is False or password_hash is not None:
                await connection.execute(SQL["revoke_logins"], agent_id)
        return agent_from(row)

    async def list(self) -> list[Agent]:
        """All agents, inactive ones too, in the order of their ids."""
        async with self._database.reading() as connection:
            return [agent_from(row) for row in await connection.fetch(SQL["list"])]

    async def credentials(self, username: str) -> tuple[Agent, str | None] | None:
        """The agent of that name with its password hash; None if there is none."""
        async with self._database.reading() as connection:
            row = await connection.fetchrow(SQL["credentials"], username)
        return None if row is None else (agent_from(row), row["password_hash"])


def _require_username(username: str) -> None:
    if USERNAME.fullmatch(username) is None:
        raise InvalidRequest.of(
            "username",
            "must be 1 to 32 of a-z, 0-9, dot, dash and underscore, with a letter or a digit at both ends",
        )


def _require_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_NAME or "\0" in name:
        raise InvalidRequest.of("name", f"must have 1 to {MAX_NAME} characters")
