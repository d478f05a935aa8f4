"""Numbers of what is sent on channels without a stream, so that a receiver sees that something is missing. Pure."""

from __future__ import annotations

RECENT = 5
"""How many announcements repeat the number of a channel after its last message; then a burst is over."""

BURST = 2**32
"""The first number of each burst is one more than a multiple of this: before it nothing was sent for a while."""


class Numbers:
    """Both sides: what this process sends, by channel, and what it received, by sender and channel."""

    def __init__(self) -> None:
        self._bursts = 0
        self._sent: dict[str, int] = {}
        self._recent: dict[str, int] = {}  # how many announcements will still tell
        self._received: dict[str, dict[bytes, int]] = {}

    def next(self, channel: str) -> int:
        """The number of the message that is sent now on a channel."""
        if channel not in self._sent:
            self._bursts += 1
            self._sent[channel] = self._bursts * BURST
        self._sent[channel] += 1
        self._recent[channel] = RECENT
        return self._sent[channel]

    def recent(self) -> dict[str, int]:
        """The last numbers of the channels that were used lately: the last message may be the one that is lost."""
        told = {channel: self._sent[channel] for channel in self._recent}
        for channel in told:
            self._recent[channel] -= 1
            if not self._recent[channel]:
                del self._recent[channel], self._sent[channel]
        return told

    def skipped(self, sender: bytes, channel: str, number: int) -> bool:
        """Takes a message's number; True where one before it may not have come."""
        received = self._received.get(channel, {})
        before = received.get(sender, 0)
        received[sender] = max(before, number)
        return number > before + 1 and number % BURST != 1

    def behind(self, sender: bytes, channel: str, number: int) -> bool:
        """Takes what a sender says is its last number; True where that did not come, once.

        Also for what was sent just before this process followed the channel: better one time too many.
        """
        received = self._received.get(channel)
        if received is None:
            return False
        before = received.get(sender, 0)
        received[sender] = max(before, number)
        return number > before

    def follow(self, channel: str) -> None:
        """From now on this process receives the channel."""
        self._received[channel] = {}

    def forget(self, channel: str) -> None:
        """This process no longer receives the channel."""
        self._received.pop(channel, None)
