"""Doubts: the channels whose last messages may not have reached everybody who follows them. Pure.

A sender alone can know two of the ways in which a message is lost: no server took it, or one took it that was the
master no more. (A replica takes PUBLISH without a word, and for some seconds a master that Sentinel has replaced is not
even told.) What is doubtful is said to the others by name, so that they catch up at once and not when they find out.
"""

from __future__ import annotations

ENOUGH = 10_000
"""Channels that are named at most; where there are more, all are doubtful."""


class Doubts:
    """`watched`: whether servers change without a word, so that what was sent has to be remembered for a while."""

    def __init__(self, *, watched: bool) -> None:
        self._watched = watched
        self._lately: set[bytes] = set()
        self._before: set[bytes] = set()
        self._doubtful: set[bytes] = set()
        self._everything = False

    def __bool__(self) -> bool:
        """Whether there is something to tell."""
        return self._everything or bool(self._doubtful)

    def sent(self, key: bytes) -> None:
        """A server is being given a message of the channel."""
        if self._watched:
            self._lately.add(key)

    def confirm(self) -> None:
        """The servers are still the same: so they were when what was sent before the last time was sent."""
        self._before, self._lately = self._lately, set()

    def changed(self) -> None:
        """The servers are others: what was sent of late may have gone to the wrong one."""
        self._add(self._before | self._lately)
        self._before, self._lately = set(), set()

    def failed(self, key: bytes) -> None:
        """No server took a message of the channel, as far as is known."""
        self._add({key})

    def _add(self, keys: set[bytes]) -> None:
        self._doubtful |= keys
        if len(self._doubtful) > ENOUGH:
            self._everything = True
            self._doubtful.clear()

    def take(self) -> list[bytes] | None:
        """What is to be told, once; None for all channels."""
        doubtful, everything = list(self._doubtful), self._everything
        self._doubtful.clear()
        self._everything = False
        return None if everything else doubtful

    def put_back(self, taken: list[bytes] | None) -> None:
        """It could not be told."""
        if taken is None:
            self._everything = True
        else:
            self._add(set(taken))
