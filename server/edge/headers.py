"""The headers that keep browsers strict. A page that needs more sets its own `Content-Security-Policy`."""

from __future__ import annotations

from collections.abc import Sequence

NOTHING = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of answers that are no pages."""

Headers = Sequence[tuple[bytes, bytes]]

ALWAYS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
DEFAULTS: Headers = (
    (b"content-security-policy", NOTHING),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
STRICT_TRANSPORT: Headers = ((b"strict-transport-security", b"max-age=31536000"),)


def with_security(given: Headers, *, https: bool) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with those that it lacks."""
    names = {name.lower() for name, _ in given}
    added = [header for header in DEFAULTS if header[0] not in names]
    return [*given, *ALWAYS, *added, *(STRICT_TRANSPORT if https else ())]
