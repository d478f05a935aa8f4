"""Logins: what a password, and later a refresh token, is exchanged for.

A refresh token is 256 random bits; only its SHA-256 is stored, and each is good for one exchange.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from channels.agent import Agent
from channels.errors import InvalidCredentials, Unauthorized
from server.auth.authenticate import Caller
from server.auth.tokens import ACCESS_TTL

if TYPE_CHECKING:
    from server.services import Services

LOGIN_TTL = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Granted:
    """`refresh_token` is None where the caller holds (or is just being sent) a good one already."""

    agent: Agent
    access_token: str
    refresh_token: str | None


async def log_in(services: Services, username: str, password: str, address: str) -> Granted:
    """Raises InvalidCredentials, and TooManyRequests for too many attempts of an address or at a name."""
    username = username.lower()
    await services.limits.login(address, username)
    agent, stored = await services.agents.credentials(username) or (None, None)
    matching = await services.passwords.matches(stored, password)
    if agent is None or not matching or not agent.active:
        raise InvalidCredentials("there is no active agent with this username and password")
    refresh_token = _new_refresh_token()
    login_id = await services.logins.open(agent.id, _digest(refresh_token), datetime.now(UTC) + LOGIN_TTL)
    return _granted(services, agent, login_id, refresh_token)


async def refresh(services: Services, refresh_token: str | None) -> Granted:
    """The next pair of tokens of a login; raises Unauthorized where the login has ended."""
    replacement = _new_refresh_token()
    rotated = None
    if refresh_token is not None:
        rotated = await services.logins.rotate(_digest(refresh_token), _digest(replacement))
    agent = None if rotated is None else services.directory.agent(rotated.agent_id)
    if rotated is None or agent is None or not agent.active:
        raise Unauthorized("this login has ended; log in again")
    return _granted(services, agent, rotated.login_id, replacement if rotated.rotated else None)


async def log_out(services: Services, refresh_token: str | None, caller: Caller | None) -> None:
    """Ends the login of the refresh token, and that of the access token, on all nodes. Without either: nothing."""
    ended = set() if caller is None or caller.login_id is None else {caller.login_id}
    if refresh_token is not None:
        rotated = await services.logins.rotate(_digest(refresh_token), _digest(_new_refresh_token()))
        if rotated is not None:
            ended.add(rotated.login_id)
    for login_id in ended:
        await services.logins.revoke(login_id)
    if ended:
        await services.announce_directory_change()


def _granted(services: Services, agent: Agent, login_id: UUID, refresh_token: str | None) -> Granted:
    return Granted(agent, services.tokens.issue(agent.id, login_id, ACCESS_TTL), refresh_token)


def _new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def _digest(refresh_token: str) -> bytes:
    return hashlib.sha256(refresh_token.encode()).digest()
