"""Times on the wire: RFC 3339, UTC, always six digits of microseconds, so that texts sort like times."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """`2026-11-23T10:05:00.000000Z` (RFC 3339 section 5.6)."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:-6] + "Z"
