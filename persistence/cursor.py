"""Cursors: where a page of the list ended, as an opaque text that only fits the same filter and order."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import astuple
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from channels.errors import InvalidRequest
from persistence.listing import Filter, Place

MAX_LENGTH = 2_000
_MAX_ID = 2**63 - 1


def cursor_text(place: Place, wanted: Filter) -> str:
    key = place.key.isoformat() if isinstance(place.key, datetime) else place.key
    return base64.urlsafe_b64encode(orjson.dumps([key, place.id, _digest(wanted)])).rstrip(b"=").decode()


def place_of(cursor: str, wanted: Filter) -> Place:
    """Raises InvalidRequest for what is no cursor, and for the cursor of another list."""
    key, customer_id, digest = _decoded(cursor)
    if digest != _digest(wanted):
        raise InvalidRequest.of(
            "cursor", "belongs to a list with another filter or order; leave it out to start with the first page"
        )
    if wanted.sort.column == "name":
        return Place(key, customer_id)
    try:
        moment = datetime.fromisoformat(key)
        if moment.tzinfo is None:
            raise _no_cursor()
        return Place(moment.astimezone(UTC), customer_id)
    except (ValueError, OverflowError):
        raise _no_cursor() from None


def _decoded(cursor: str) -> tuple[str, int, str]:
    if len(cursor) > MAX_LENGTH:
        raise _no_cursor()
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts: Any = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError:
        raise _no_cursor() from None
    match parts:
        case [str(key), int(customer_id), str(digest)] if abs(customer_id) <= _MAX_ID and "\0" not in key:
            return key, customer_id, digest
        case _:
            raise _no_cursor()


def _no_cursor() -> InvalidRequest:
    return InvalidRequest.of("cursor", "is no cursor; use the next_cursor of a page as it is")


@lru_cache(1024)
def _digest(wanted: Filter) -> str:
    """Equal for equal filters, whatever the order in which a filter's values were given."""
    parts = [sorted(part, key=repr) if isinstance(part, tuple) else part for part in astuple(wanted)]
    return hashlib.blake2b(orjson.dumps(parts), digest_size=6).hexdigest()
