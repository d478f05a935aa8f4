"""Where a request comes from, told from its headers and from nothing that a stranger wrote."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from server.client import client_address, client_key, is_https, is_same_origin

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def scope(peer: str | None = "10.0.0.1", scheme: str = "http", **headers: str) -> dict[str, Any]:
    return {
        "scheme": scheme,
        "client": None if peer is None else (peer, 4000),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # not a proxy of ours: what it says is its own invention
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # the left part came from outside
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1:5123", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:5123", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fd00::1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "' OR 1=1", "10.0.0.1"),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_no_proxy(peer: str, forwarded: str, client: str) -> None:
    assert str(client_address(scope(peer, x_forwarded_for=forwarded), PROXIES)) == client


def test_several_header_lines_are_one_list() -> None:
    lines = scope("10.0.0.1")
    lines["headers"] = [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"10.0.0.2")]
    assert str(client_address(lines, PROXIES)) == "198.51.100.1"


def test_a_peer_without_an_address_is_local() -> None:
    assert str(client_address(scope(None), PROXIES)) == "127.0.0.1"


def test_an_ipv6_network_counts_as_one_client() -> None:
    first, second = (client_address(scope(f"2001:db8:1:2::{end}"), []) for end in ("1", "ffff"))
    assert client_key(first) == client_key(second) == "2001:db8:1:2::"
    assert client_key(client_address(scope("198.51.100.1"), [])) == "198.51.100.1"


def test_tls_is_believed_of_ourselves_and_of_trusted_proxies() -> None:
    assert is_https(scope("203.0.113.9", "https"), PROXIES)
    assert is_https(scope("10.0.0.1", x_forwarded_proto="https"), PROXIES)
    assert not is_https(scope("203.0.113.9", x_forwarded_proto="https"), PROXIES)
    assert not is_https(scope("10.0.0.1"), PROXIES)


@pytest.mark.parametrize(
    ("peer", "headers", "same"),
    [
        ("203.0.113.9", {"host": "desk.test"}, True),
        ("203.0.113.9", {"host": "desk.test", "origin": "http://desk.test"}, True),
        ("203.0.113.9", {"host": "Desk.test:8000", "origin": "https://desk.test:8000"}, True),
        ("203.0.113.9", {"host": "desk.test", "origin": "https://friend.test"}, True),
        ("203.0.113.9", {"host": "desk.test", "origin": "https://evil.test"}, False),
        ("203.0.113.9", {"host": "desk.test", "origin": "https://desk.test.evil.test"}, False),
        ("203.0.113.9", {"host": "desk.test", "origin": "null"}, False),
        ("203.0.113.9", {"host": "desk.test", "origin": "file://desk.test"}, False),
        ("203.0.113.9", {"host": "inner", "x_forwarded_host": "evil.test", "origin": "http://evil.test"}, False),
        ("10.0.0.1", {"host": "inner", "x_forwarded_host": "desk.test", "origin": "https://desk.test"}, True),
    ],
)
def test_origins(peer: str, headers: dict[str, str], same: bool) -> None:
    assert is_same_origin(scope(peer, **headers), PROXIES, ("https://friend.test",)) is same
