"""Where a request comes from: the client's address and scheme, through proxies that are trusted and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from server.settings import Network

Address = IPv4Address | IPv6Address
Scope = Mapping[str, Any]

LOCAL = IPv4Address("127.0.0.1")
"""The address of a peer without one, such as on a unix socket."""


def client_address(scope: Scope, trusted: Sequence[Network]) -> Address:
    """The address of whoever sent the request.

    `X-Forwarded-For` is read from the right, as each proxy appends whom it heard it from: the first entry
    that is not a trusted proxy is the client. What stands further left anybody may have written.
    """
    address = _peer(scope)
    if not _is_trusted(address, trusted):
        return address
    hops = ",".join(_headers(scope, b"x-forwarded-for")).split(",")
    while hops and _is_trusted(address, trusted):
        before = _address(hops.pop())
        if before is None:
            break
        address = before
    return address


def client_key(address: Address) -> str:
    """The client's name for counting: an IPv4 address, or an IPv6 network, of which one client has many addresses."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False).network_address)
    return str(address)


def is_https(scope: Scope, trusted: Sequence[Network]) -> bool:
    """Whether the client spoke TLS, to us or to a trusted proxy."""
    if scope.get("scheme") in ("https", "wss"):
        return True
    if not _is_trusted(_peer(scope), trusted):
        return False
    schemes = ",".join(_headers(scope, b"x-forwarded-proto")).split(",")
    return schemes[-1].strip().lower() == "https"


def is_same_origin(scope: Scope, trusted: Sequence[Network], allowed: Iterable[str]) -> bool:
    """Whether the request comes from one of our own pages, from an origin that the settings allow, or from
    no page at all (a script sends no `Origin`; a browser always does where it matters)."""
    origins = _headers(scope, b"origin")
    if not origins:
        return True
    if len(origins) > 1:
        return False
    origin = origins[0].lower()
    if origin in allowed:
        return True
    hosts = _headers(scope, b"x-forwarded-host") if _is_trusted(_peer(scope), trusted) else []
    own = (hosts or _headers(scope, b"host") or [""])[-1].lower()
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and bool(own) and parts.netloc == own


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _peer(scope: Scope) -> Address:
    client = scope.get("client")
    return (_address(client[0]) if client else None) or LOCAL


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


@lru_cache(4096)
def _address(text: str) -> Address | None:
    """An address as proxies write it: bare, with a port, or in brackets."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
