"""Tokens of the company's own identity provider, verified with the keys that it publishes (JWKS)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

import jwt

from channels.errors import CasewireError
from server.auth.tokens import Claims, TokenExpired, TokenInvalid
from server.settings import Settings

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Public-key signatures only: a shared-secret one could be made from the published keys."""

FETCH_TIMEOUT = 3.0
KEYS_KEPT = 300.0
LEEWAY = 10.0


class ProviderUnavailable(CasewireError):
    """The keys cannot be fetched, so nothing can be said about the token."""

    name = "identity-provider-unavailable"
    retryable = True


class Provider:
    """The agent is named by `preferred_username`, or else by `sub`, and must have an account here."""

    def __init__(self, url: str, issuer: str, audience: str, pool: ThreadPoolExecutor) -> None:
        # fetched again for an unknown key, but at most every half minute (the client's own cooldown)
        self._keys = jwt.PyJWKClient(url, timeout=FETCH_TIMEOUT, lifespan=KEYS_KEPT)
        self._issuer = issuer
        self._audience = audience
        self._pool = pool

    @classmethod
    @contextmanager
    def of(cls, settings: Settings) -> Iterator[Self | None]:
        """None where the settings name no provider."""
        if settings.jwks_url is None or settings.jwks_issuer is None or settings.jwks_audience is None:
            yield None
            return
        pool = ThreadPoolExecutor(2, thread_name_prefix="jwks")
        try:
            yield cls(settings.jwks_url, settings.jwks_issuer, settings.jwks_audience, pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def verify(self, token: str) -> Claims:
        """Raises TokenExpired, TokenInvalid, ProviderUnavailable."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._verify, token)

    def _verify(self, token: str) -> Claims:
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            return Claims(datetime.fromtimestamp(claims["exp"], UTC), username=_username(claims))
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except jwt.PyJWKClientConnectionError as error:
            raise ProviderUnavailable("the identity provider's keys cannot be fetched; try again") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise TokenInvalid from None


def is_ours(token: str) -> bool:
    """Whether a token looks like one of ours: by its algorithm, which the verifier then insists on."""
    try:
        return bool(jwt.get_unverified_header(token).get("alg") == "HS256")
    except jwt.InvalidTokenError:
        return True


def _username(claims: dict[str, Any]) -> str:
    name = claims.get("preferred_username") or claims["sub"]
    return str(name).lower()
