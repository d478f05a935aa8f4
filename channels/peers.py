"""Peers: which of the processes that share a bus are alive. Pure; the clock is passed in.

Each process says so every second. One that was silent for `PATIENCE`, while we could have heard it, is gone: it was
killed, or is frozen, which is the same to those who wait for it.
"""

from __future__ import annotations

ANNOUNCE_EVERY = 1.0
PATIENCE = 3.5

REMEMBERED = 1000
"""Processes that have ended, of which traces may still be found."""


class Peers:
    """Times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}
        self._ended: dict[str, None] = {}
        self._listening_since: float | None = None

    def listen(self, now: float | None) -> None:
        """We can hear the others, from `now` on; None: we cannot, and so judge nobody."""
        if now is None:
            self._listening_since = None
        elif self._listening_since is None:
            self._listening_since = now

    def hear(self, node: str, now: float) -> None:
        """A process said at `now` that it is alive."""
        self._heard[node] = now
        self._ended.pop(node, None)

    def said_goodbye(self, node: str) -> None:
        """It ended in good order, and has taken back what it had told."""
        self._heard.pop(node, None)
        self._remember_ended(node)

    def is_gone(self, node: str, now: float) -> bool:
        """Whether nothing that the process has told holds any more.

        One of which only its traces are seen may have started a moment ago: it gets its time to be heard.
        """
        if node in self._ended:
            return True
        heard = self._heard.setdefault(node, now)
        if self._listening_since is None:
            return False
        return now - max(heard, self._listening_since) >= PATIENCE

    def take_gone(self, now: float) -> list[str]:
        """Those that are gone since this was asked last; each is told once."""
        gone = [node for node in self._heard if self.is_gone(node, now)]
        for node in gone:
            del self._heard[node]
            self._remember_ended(node)
        return gone

    def _remember_ended(self, node: str) -> None:
        self._ended[node] = None
        if len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]
