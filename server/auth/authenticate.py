"""From a token to the agent who calls: the one check behind HTTP and realtime."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from channels.agent import Agent
from server.auth.directory import Directory
from server.auth.provider import Provider, is_ours
from server.auth.tokens import Claims, TokenInvalid, Tokens


@dataclass(frozen=True, slots=True)
class Caller:
    """An agent who has proved who it is, until `expires_at`; `login_id` is None for tokens without a login."""

    agent: Agent
    login_id: UUID | None
    expires_at: datetime


class Authentication(Protocol):
    """What is needed of the services."""

    @property
    def tokens(self) -> Tokens: ...
    @property
    def provider(self) -> Provider | None: ...
    @property
    def directory(self) -> Directory: ...


async def authenticate(services: Authentication, token: str) -> Caller:
    """Raises TokenExpired, TokenInvalid, or ProviderUnavailable. Asks no database for agents that are known."""
    if services.provider is None or is_ours(token):
        claims = services.tokens.verify(token)
    else:
        claims = await services.provider.verify(token)
    agent = _agent(services.directory, claims)
    if agent is None:  # made a moment ago by another process; only a good signature gets this far
        await services.directory.refresh()
        agent = _agent(services.directory, claims)
    if agent is None or not agent.active:
        raise TokenInvalid("this account is not active")
    if claims.login_id is not None and services.directory.is_revoked(claims.login_id):
        raise TokenInvalid("this login has ended")
    return Caller(agent, claims.login_id, claims.expires_at)


def still(services: Authentication, caller: Caller) -> Caller:
    """The caller as the directory knows it now, for requests that wait; raises TokenInvalid where it may not any more.

    The token's own end is not looked at: requests wait no longer than connections outlive their tokens.
    """
    agent = services.directory.agent(caller.agent.id)
    if agent is None or not agent.active:
        raise TokenInvalid("this account is not active")
    if caller.login_id is not None and services.directory.is_revoked(caller.login_id):
        raise TokenInvalid("this login has ended")
    return replace(caller, agent=agent)


def _agent(directory: Directory, claims: Claims) -> Agent | None:
    if claims.agent_id is not None:
        return directory.agent(claims.agent_id)
    return None if claims.username is None else directory.by_username(claims.username)
