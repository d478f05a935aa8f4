"""What one read of the bus brings, from bytes to runs: no server is needed to know what was in it."""

from __future__ import annotations

import asyncio

from channels.broker.connection import RedisConnection
from channels.push import Push, PushKind
from channels.redis_broker import ALIVE, CONTROL, NODE_BYTES, NUMBER_BYTES, BusListener, RedisBroker

OTHER = b"o" * NODE_BYTES


class Heard:
    """A listener that keeps what it is told, in order; runs as lists of offsets."""

    def __init__(self, broker: RedisBroker) -> None:
        self.told: list[object] = []
        broker._listener = BusListener(
            lambda pushes: self.told.append([push.offset for push in pushes]),
            lambda channel: self.told.append(f"missed {channel}"),
            self.told.append,
            lambda node: self.told.append(f"gone {node}"),
            lambda: self.told.append("absent"),
        )


def from_other(push: Push, number: int = 0, node: bytes = OTHER) -> bytes:
    return node + number.to_bytes(NUMBER_BYTES, "big") + push.to_bus()


def action(offset: int, channel: str = "customer:1") -> Push:
    return Push(PushKind.PUBLICATION, channel, b"{}", offset)


def test_the_messages_of_one_read_are_handed_on_together() -> None:
    told: list[list[object]] = []

    async def scene() -> None:
        connection = RedisConnection(told.append, lambda: None)
        message = b"*3\r\n$7\r\nmessage\r\n$1\r\nk\r\n$1\r\n%d\r\n"
        connection.data_received(message % 1 + message % 2 + message[:10])
        connection.data_received((message % 3)[10:])

    asyncio.run(scene())
    assert told == [[[b"message", b"k", b"1"], [b"message", b"k", b"2"]], [[b"message", b"k", b"3"]]]


async def test_what_follows_each_other_is_one_run_of_any_channels() -> None:
    broker = RedisBroker("redis://127.0.0.1:1", "p")
    heard = Heard(broker)
    first, second = broker.key("customer:1"), broker.key("customer:2")
    own = from_other(action(3), node=bytes.fromhex(broker.node))
    one, other, two = from_other(action(1)), from_other(action(1, "customer:2")), from_other(action(2))
    broker.received([(first, one), (second, other), (first, own), (first, b"nonsense"), (first, two)])
    assert heard.told == [[1, 1, 2]], "without what this process sent itself, and what is no message of ours"


async def test_what_came_before_a_word_of_another_kind_takes_effect_before_it() -> None:
    broker = RedisBroker("redis://127.0.0.1:1", "p")
    heard = Heard(broker)
    work, customer = broker.key("work:1"), broker.key("customer:1")
    broker._numbers.follow("work:1")
    row = Push(PushKind.SIGNAL, "work:1", b"{}")
    broker.received([(work, from_other(row, 1)), (customer, from_other(action(1))), (work, from_other(row, 3))])
    broker.received(
        [(customer, from_other(action(2))), (broker.key(CONTROL), b"changed"), (customer, from_other(action(3)))]
    )
    assert heard.told == [[0, 1], "missed work:1", [0], [2], b"changed", [3]]
    broker.received(
        [(customer, from_other(action(4))), (broker.key(ALIVE), OTHER + bytes(NUMBER_BYTES) + b'{"work:1":9}')]
    )
    assert heard.told[-2:] == [[4], "missed work:1"]
