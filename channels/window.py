"""A sliding window: how much of a limit somebody has used lately.

Requests are counted in windows of `seconds`. Of the window before, that share counts which still lies within
the last `seconds`; so nobody can use a limit twice around the turn of a window, and two numbers are enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `amount` in `seconds`."""

    amount: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What was counted in this window and in the one before, when `elapsed` of this one (0 to 1) had passed."""

    current: int
    previous: int
    elapsed: float

    def room(self, rate: Rate) -> int:
        """How many more fit."""
        return max(0, math.floor(rate.amount - self._used))

    def reset(self, rate: Rate) -> int:
        """Seconds, rounded up, until one more fits than now. At most two windows."""
        wanted = math.ceil(self._used) - 1
        if self.previous and wanted >= self.current:  # when enough of the window before has passed
            wait = 1 - (wanted - self.current) / self.previous - self.elapsed
        elif self.current:  # when this window is the one before, and enough of it has passed
            wait = 1 - self.elapsed + 1 - max(0, wanted) / self.current
        else:
            wait = 0.0
        return max(1, math.ceil(wait * rate.seconds))

    @property
    def _used(self) -> float:
        return self.previous * (1 - self.elapsed) + self.current


class Window:
    """Counts for one client against one limit."""

    __slots__ = ("_current", "_index", "_previous")

    def __init__(self) -> None:
        self._index = -1
        self._current = 0
        self._previous = 0

    def take(self, rate: Rate, asked: int, now: float) -> tuple[int, Usage]:
        """Counts as many of those asked for as fit; returns how many, and what is used then."""
        passed = now / rate.seconds
        index = math.floor(passed)
        if index > self._index:
            self._previous = self._current if index == self._index + 1 else 0
            self._current = 0
            self._index = index
        usage = Usage(self._current, self._previous, passed - index)
        granted = min(asked, usage.room(rate))
        self._current += granted
        return granted, Usage(self._current, self._previous, passed - index)
