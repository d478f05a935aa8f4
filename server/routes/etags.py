"""Entity tags: a customer's is its version in quotes."""

from __future__ import annotations

import re

from channels.customer import Customer
from channels.errors import InvalidRequest

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_VERSION = re.compile(r'\s*(?:W/)?"([1-9][0-9]{0,17})"\s*', re.ASCII)


def etag(customer: Customer) -> str:
    return f'"{customer.version}"'


def is_none_match(header: str | None, customer: Customer) -> bool:
    """Whether `If-None-Match` names the version that the customer has (RFC 9110 section 13.1.2)."""
    if header is None:
        return False
    return header.strip() == "*" or str(customer.version) in _TAG.findall(header)


def if_match_version(header: str | None) -> int | None:
    """The version that `If-Match` names; None without the header. Raises InvalidRequest for anything else.

    A weak tag counts as well: proxies that compress weaken tags, and a version is exact in any encoding.
    """
    if header is None:
        return None
    match = _VERSION.fullmatch(header)
    if match is None:
        raise InvalidRequest.of("If-Match", 'must be the ETag of one version, such as "7"')
    return int(match[1])
