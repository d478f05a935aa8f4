"""Token buckets: how often something may be done. Pure; the clock is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Allowance:
    """`rate` times a second in the long run, `burst` times at once."""

    rate: float
    burst: float


class Verdict(IntEnum):
    """The larger, the worse."""

    PASSED = 0
    REFUSED = 1
    EXHAUSTED = 2
    """Who asked was refused a whole burst of times and does not stop."""


class Bucket:
    """Starts full at the time `now`, in seconds of any clock.

    What is refused counts too: it costs work as well, and whoever keeps asking gets no further.
    """

    __slots__ = ("_at", "_level")

    def __init__(self, allowance: Allowance, now: float) -> None:
        self._level = allowance.burst
        self._at = now

    def take(self, allowance: Allowance, now: float) -> Verdict:
        """Counts one. The allowance is always the same; buckets are many, so they do not keep it."""
        burst = allowance.burst
        level = min(burst, self._level + (now - self._at) * allowance.rate) - 1
        self._at = now
        self._level = max(level, -burst)
        if level >= 0:
            return Verdict.PASSED
        return Verdict.REFUSED if level > -burst else Verdict.EXHAUSTED
