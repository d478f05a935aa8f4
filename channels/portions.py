"""What was missed, in portions: whoever comes back because it was slow must not be cut off again for what it missed."""

from __future__ import annotations

from collections.abc import Sequence

from channels.ports import Subscriber
from channels.push import Push

PORTION = 256 * 1024
"""Bytes of publications that a receiver is given before it is asked whether it has taken most of them."""


def first_portion(pushes: Sequence[Push]) -> Sequence[Push]:
    """As many as one reply should hold; the rest follows it."""
    size = 0
    for count, push in enumerate(pushes, 1):
        size += len(push.data)
        if size > PORTION:
            return pushes[:count]
    return pushes


async def hand_over(receiver: Subscriber, pushes: Sequence[Push]) -> int:
    """Delivers in portions; awaits nothing for a single small one. Returns the position that was reached."""
    start = size = 0
    for end, push in enumerate(pushes, 1):
        size += len(push.data)
        if size > PORTION:
            receiver.deliver(pushes[start:end])
            await receiver.drained()
            start, size = end, 0
    if start < len(pushes):
        receiver.deliver(pushes[start:])
    return pushes[-1].offset
