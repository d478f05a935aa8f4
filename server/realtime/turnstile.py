"""Those who come are let in a few at a time, so that work under way goes on while thousands come back at once."""

from __future__ import annotations

import asyncio
from collections import deque


class Turnstile:
    """Lets `per_turn` through in each turn of the event loop, in the order of their coming."""

    def __init__(self, per_turn: int) -> None:
        self._per_turn = per_turn
        self._left = per_turn
        self._turning = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many stand before it."""
        return len(self._waiting)

    async def pass_through(self) -> None:
        """Returns at once where nobody waits and the turn has room."""
        if self._left and not self._waiting:
            self._left -= 1
        else:
            admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(admitted)
            await admitted
        self._keep_turning()

    def _keep_turning(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        self._left = self._per_turn
        while self._waiting and self._left:
            admitted = self._waiting.popleft()
            if not admitted.done():  # its caller may have given up
                admitted.set_result(None)
                self._left -= 1
        if self._waiting:
            self._keep_turning()
