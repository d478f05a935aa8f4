"""Tokens of a company's identity provider, against a real server of keys."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from server.auth.provider import Provider, ProviderUnavailable, is_ours
from server.auth.tokens import TokenExpired, TokenInvalid, Tokens
from server.settings import Settings

ISSUER, AUDIENCE = "https://id.example.com", "casewire"
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class KeyServer(ThreadingHTTPServer):
    """Publishes one key, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keys)
        self.asked = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}/keys"


class _Keys(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.asked += 1
        key = json.loads(RSAAlgorithm.to_jwk(OURS.public_key())) | {"kid": "one", "alg": "RS256", "use": "sig"}
        body = json.dumps({"keys": [key]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # reason: the base class names it so
        """Quiet."""


@contextmanager
def serving_keys() -> Iterator[KeyServer]:
    with KeyServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    with serving_keys() as server:
        yield server


@pytest.fixture
def provider(keys: KeyServer) -> Iterator[Provider]:
    settings = Settings(jwks_url=keys.url, jwks_issuer=ISSUER, jwks_audience=AUDIENCE)
    with Provider.of(settings) as provider:
        assert provider is not None
        yield provider


def token(key: Any = OURS, kid: str = "one", algorithm: str = "RS256", **changes: object) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "u-17",
        "preferred_username": "Dana",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    } | changes
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(given, key, algorithm, headers={"kid": kid})


async def test_a_good_token_names_an_agent_by_username(provider: Provider) -> None:
    claims = await provider.verify(token())
    assert (claims.username, claims.agent_id, claims.login_id) == ("dana", None, None)
    assert (await provider.verify(token(preferred_username=None))).username == "u-17"


async def test_keys_are_fetched_once(provider: Provider, keys: KeyServer) -> None:
    for _ in range(5):
        await provider.verify(token())
    assert keys.asked == 1


async def test_unknown_keys_do_not_make_us_ask_again_and_again(provider: Provider, keys: KeyServer) -> None:
    for number in range(5):
        with pytest.raises(TokenInvalid):
            await provider.verify(token(kid=f"key {number}"))
    assert keys.asked <= 2


async def test_an_expired_token_is_told_apart(provider: Provider) -> None:
    with pytest.raises(TokenExpired):
        await provider.verify(token(exp=datetime.now(UTC) - timedelta(minutes=5)))


@pytest.mark.parametrize(
    "bad",
    [
        token(STRANGER),
        token(iss="https://else.example.com"),
        token(aud="another application"),
        token(aud=None),
        token(exp=None),
        token(sub=None),
        "nonsense",
    ],
)
async def test_anything_else_is_invalid(provider: Provider, bad: str) -> None:
    with pytest.raises(TokenInvalid):
        await provider.verify(bad)


async def test_a_token_signed_with_the_published_key_as_a_secret_is_invalid(provider: Provider) -> None:
    public = OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _, body, _ = token().split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT","kid":"one"}').rstrip(b"=").decode()
    signature = hmac.digest(public, f"{head}.{body}".encode(), "sha256")
    with pytest.raises(TokenInvalid):
        await provider.verify(f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


async def test_without_keys_nothing_is_said_about_a_token(keys: KeyServer) -> None:
    settings = Settings(jwks_url="http://127.0.0.1:9/keys", jwks_issuer=ISSUER, jwks_audience=AUDIENCE)
    with Provider.of(settings) as provider:
        assert provider is not None
        with pytest.raises(ProviderUnavailable):
            await provider.verify(token())


def test_tokens_are_told_apart_by_their_algorithm() -> None:
    assert is_ours(Tokens("k" * 32).issue(1))
    assert not is_ours(token())
    assert is_ours("nonsense")


def test_without_settings_there_is_no_provider() -> None:
    with Provider.of(Settings()) as provider:
        assert provider is None
