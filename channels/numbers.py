"""Numbers of what is sent on channels without a stream, so that a receiver sees that something is missing. Pure."""

from __future__ import annotations

RECENT = 5
"""How many announcements repeat the number of a channel after its last message."""


class Numbers:
    """Both sides: what this process sends, by channel, and what it received, by sender and channel."""

    def __init__(self) -> None:
        self._sent: dict[str, int] = {}
        self._recent: dict[str, int] = {}  # how many announcements will still tell
        self._received: dict[str, dict[bytes, int]] = {}

    def next(self, channel: str) -> int:
        number = self._sent[channel] = self._sent.get(channel, 0) + 1
        self._recent[channel] = RECENT
        return number

    def recent(self) -> dict[str, int]:
        """The last numbers of the channels that were used lately: the last message may be the one that is lost."""
        told = {channel: self._sent[channel] for channel in self._recent}
        self._recent = {channel: left - 1 for channel, left in self._recent.items() if left > 1}
        return told

    def skipped(self, sender: bytes, channel: str, number: int) -> bool:
        """Takes a message's number; True where one before it did not come. The first one tells nothing."""
        received = self._received.get(channel, {})
        before = received.get(sender)
        received[sender] = number if before is None else max(before, number)
        return before is not None and number > before + 1

    def behind(self, sender: bytes, channel: str, number: int) -> bool:
        """Takes what a sender says is its last number; True where that did not come, once.

        Also for what was sent just before this process followed the channel: better one time too many.
        """
        received = self._received.get(channel)
        if received is None:
            return False
        before = received.get(sender)
        received[sender] = number if before is None else max(before, number)
        return before is None or number > before

    def follow(self, channel: str) -> None:
        """From now on this process receives the channel."""
        self._received[channel] = {}

    def forget(self, channel: str) -> None:
        self._received.pop(channel, None)
