"""Our own access tokens: what they say, and every way in which one is no good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from server.auth.tokens import ACCESS_TTL, TokenExpired, TokenInvalid, Tokens

KEY = "k" * 32
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def tokens(at: datetime = NOW, key: str = KEY) -> Tokens:
    return Tokens(key, lambda: at)


def made(**changes: object) -> str:
    claims = {"iss": "casewire", "sub": "7", "exp": NOW + ACCESS_TTL} | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, KEY, "HS256")


def test_a_token_tells_who_until_when_and_by_which_login() -> None:
    login_id = uuid4()
    claims = tokens().verify(tokens().issue(7, login_id))
    assert (claims.agent_id, claims.login_id, claims.expires_at) == (7, login_id, NOW + ACCESS_TTL)


def test_a_token_for_a_script_has_no_login_and_the_time_it_was_given() -> None:
    claims = tokens().verify(tokens().issue(7, ttl=timedelta(days=365)))
    assert claims.login_id is None
    assert claims.expires_at == NOW + timedelta(days=365)


def test_a_token_expires_to_the_second() -> None:
    token = tokens().issue(7)
    assert tokens(NOW + ACCESS_TTL - timedelta(seconds=1)).verify(token).agent_id == 7
    with pytest.raises(TokenExpired):
        tokens(NOW + ACCESS_TTL).verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "ä.ö.ü",
        jwt.encode({"iss": "casewire", "sub": "7", "exp": NOW + ACCESS_TTL}, "another key" * 4, "HS256"),
        jwt.encode({"iss": "casewire", "sub": "7", "exp": NOW + ACCESS_TTL}, KEY * 2, "HS512"),
        jwt.encode({"iss": "casewire", "sub": "7", "exp": NOW + ACCESS_TTL}, None, "none"),
        made(iss="somebody else"),
        made(iss=None),
        made(exp=None),
        made(exp="soon"),
        made(exp=10**30),
        made(sub=None),
        made(sub="dana"),
        made(sid="no uuid"),
    ],
)
def test_anything_else_is_invalid(token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens().verify(token)


def test_a_changed_token_is_invalid() -> None:
    head, body, signature = tokens().issue(7).split(".")
    _, other, _ = tokens().issue(8).split(".")
    with pytest.raises(TokenInvalid):
        tokens().verify(f"{head}.{other}.{signature}")
    assert body != other
