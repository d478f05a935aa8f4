"""Those who come are let in a few at a time, so that work under way goes on while thousands come back at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turnstile:
    """Lets `per_turn` in in each turn of the event loop, in the order of their coming."""

    def __init__(self, per_turn: int) -> None:
        self._per_turn = per_turn
        self._left = per_turn
        self._turning = False
        self._waiting: deque[Callable[[], None]] = deque()

    @property
    def waiting(self) -> int:
        """How many stand before it."""
        return len(self._waiting)

    def enter(self, come_in: Callable[[], None]) -> bool:
        """Calls `come_in`, which finds out itself whether it is still wanted: at once (then this is True) where nobody
        waits and the turn has room, else in a later turn."""
        at_once = self._left > 0 and not self._waiting
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        if at_once:
            self._left -= 1
            come_in()
        else:
            self._waiting.append(come_in)
        return at_once

    def _turn(self) -> None:
        waiting = self._waiting
        self._left = self._per_turn
        self._turning = bool(waiting)
        if self._turning:
            asyncio.get_running_loop().call_soon(self._turn)
        while waiting and self._left:
            self._left -= 1
            waiting.popleft()()
