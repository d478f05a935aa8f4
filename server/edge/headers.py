"""The headers that keep browsers strict. A page that needs more sets its own `Content-Security-Policy`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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


UNCLEAN = re.compile(rb"[\0-\x08\n-\x1f\x7f]")
"""What would end a header in the middle of its value."""


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as they travel."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


USUAL = lines((*ALWAYS, *DEFAULTS))
STRICT = lines(STRICT_TRANSPORT)
_SET_BY_DEFAULT = frozenset(name for name, _ in DEFAULTS)


def secured_lines(given: Headers, *, https: bool) -> bytes | None:
    """The lines of `with_security`, most of them put together once; None where one of those given is unclean."""
    for _, value in given:
        if UNCLEAN.search(value):
            return None
    if any(name in _SET_BY_DEFAULT for name, _ in given):
        return lines(with_security(given, https=https))
    return lines(given) + USUAL + STRICT if https else lines(given) + USUAL
