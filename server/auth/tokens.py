"""Access tokens: short-lived JWTs, signed with the secret key that all nodes share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt

from channels.errors import Unauthorized

ACCESS_TTL = timedelta(minutes=15)
ISSUER = "casewire"
ALGORITHM = "HS256"
REMEMBERED = 8192
"""How many tokens a process knows without looking at their signature again: a few megabytes."""


class TokenExpired(Unauthorized):
    """The token was good once. Clients refresh it and come back."""

    name = "token-expired"

    def __init__(self) -> None:
        super().__init__("the access token has expired; refresh it")


class TokenInvalid(Unauthorized):
    """Malformed, signed by somebody else, or of an agent or login that no longer holds."""

    def __init__(self, sentence: str = "the access token is not valid") -> None:
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. A token of the company's own identity provider names the agent by `username`."""

    expires_at: datetime
    agent_id: int | None = None
    username: str | None = None
    login_id: UUID | None = None


class Tokens:
    """Issues and verifies our own tokens; `now` is the clock."""

    def __init__(self, secret_key: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._key = secret_key
        self._now = now
        self._read = lru_cache(REMEMBERED)(self._verified)

    def issue(self, agent_id: int, login_id: UUID | None = None, ttl: timedelta = ACCESS_TTL) -> str:
        """A token of an agent. Without `login_id` (for scripts and bots) only deactivating the agent ends it."""
        claims: dict[str, Any] = {"iss": ISSUER, "sub": str(agent_id), "exp": self._now() + ttl, "iat": self._now()}
        if login_id is not None:
            claims["sid"] = str(login_id)
        return jwt.encode(claims, self._key, ALGORITHM)

    def verify(self, token: str) -> Claims:
        """What our signature vouches for; raises TokenExpired or TokenInvalid.

        Clients show the same token again and again, so what a good signature said is remembered; whether it
        has expired is asked each time.
        """
        claims = self._read(token)
        if claims.expires_at <= self._now():
            raise TokenExpired
        return claims

    def _verified(self, token: str) -> Claims:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                # times are compared below, with our own clock
                options={"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False},
            )
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            login_id = UUID(claims["sid"]) if "sid" in claims else None
            agent_id = int(claims["sub"])
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            raise TokenInvalid from None
        return Claims(expires_at, agent_id=agent_id, login_id=login_id)
