"""The bus over Redis pub/sub: one server, Sentinel or a cluster (`channels.broker`, where alone Redis is known).

Redis promises little here: messages are lost when a connection breaks, when an output buffer overflows or
when a key slot moves, mostly without an error. So every acknowledgement of a subscription that nobody waits for
is told as `missed`, and the hub catches up from the stream. What has no stream is numbered per sender and channel;
a jump in the numbers is told as `missed` too. And a sender tells what it alone can know to be lost (`Doubts`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from channels.broker.address import RedisAddress
from channels.broker.connection import CONNECT_TIMEOUT, UNAVAILABLE, Command, connect
from channels.broker.fleet import Fleet
from channels.broker.lane import Message
from channels.broker.pipe import Answers, Errand, Place
from channels.broker.topology import topology_of
from channels.names import WORK_PREFIX
from channels.numbers import Numbers
from channels.peers import ANNOUNCE_EVERY, PATIENCE, Peers
from channels.push import Push, PushKind

log = structlog.get_logger(__name__)

__all__ = ["UNAVAILABLE", "BusListener", "RedisBroker"]

ACKNOWLEDGE_TIMEOUT = 0.25
"""Seconds that a subscriber waits; an acknowledgement that comes later counts as one after a loss."""

NODE_BYTES = 8
NUMBER_BYTES = 8
HEAD = NODE_BYTES + NUMBER_BYTES
"""Each message starts with the random name of the process that sent it and its number, 0 for none."""

CONTROL = "control"
"""The channel on which processes tell each other of accounts and logins that changed."""

ALIVE = "alive"
"""The channel on which processes say that they live, and what they have sent."""

OF_PROCESSES = (CONTROL, ALIVE)
"""Channels that no viewer follows."""

GOODBYE = b"goodbye"

TOLD_AGAIN_AFTER = 0.05
"""Seconds until another try to tell the others what they may have missed."""


@dataclass(frozen=True, slots=True)
class BusListener:
    """What the bus tells; all synchronous.

    `received`: what came together, in order. `missed`: something of the channel may have been lost. `controlled`: what
    a process says to all. `gone`: a process that lived is there no more. `absent`: this process was silent for so long
    that the others took it for gone, and is back.
    """

    received: Callable[[Sequence[Push]], None]
    missed: Callable[[str], None]
    controlled: Callable[[bytes], None]
    gone: Callable[[str], None]
    absent: Callable[[], None]


class RedisBroker:
    """Publishes and subscribes below a prefix; the prefix holds the epoch, so that installations that share
    a Redis, and the histories of one, stay apart.

    Works while `run` does.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._prefix = prefix.encode()
        self._name = secrets.token_bytes(NODE_BYTES)
        self.node = self._name.hex()
        """The name of this process among those that share the bus."""
        self.peers = Peers()
        self._numbers = Numbers()
        self._fleet = Fleet(RedisAddress.parse(url), self)
        self._listener: BusListener | None = None
        self._waiting: dict[str, asyncio.Future[bool]] = {}
        self._loop = asyncio.get_running_loop()
        self._announced: float | None = None

    @property
    def connected(self) -> bool:
        return self._fleet.connected

    @property
    def dropped(self) -> int:
        """Messages that could not be handed to Redis; the other processes are told of which channels they were."""
        return self._fleet.dropped

    def now(self) -> float:
        """The clock of `peers`."""
        return self._loop.time()

    # Publishing

    def publish(self, pushes: Sequence[Push]) -> None:
        for push in pushes:
            number = 0
            if push.kind is PushKind.SIGNAL and push.channel.startswith(WORK_PREFIX):
                number = self._numbers.next(push.channel)
            payload = self._name + number.to_bytes(NUMBER_BYTES, "big") + push.to_bus()
            # only a publication has an offset by which a receiver sees that it came late
            self._fleet.publish(self.key(push.channel), payload, again=push.kind is PushKind.PUBLICATION)

    def control(self, message: bytes) -> None:
        """Tells every process, this one as well."""
        self._fleet.publish(self.key(CONTROL), message, again=True)

    async def ask(self, *command: bytes | str | int, key: bytes | None = None) -> Any:
        """The answer to a command; `key` where that is not its second word. Raises one of UNAVAILABLE."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._fleet.ask(Errand(command, _key(command) if key is None else key, future))
        return await future

    async def ask_all(self, commands: Sequence[Command]) -> list[Any]:
        """The answers to commands whose second word is a key, or what each failed with, one of UNAVAILABLE.

        All are on their way at the same time.
        """
        answers = Answers(len(commands), self._loop.create_future())
        for place, command in enumerate(commands):
            self._fleet.ask(Errand(command, _key(command), Place(answers, place)))
        return await answers.complete

    # Subscribing

    def subscribe(self, channel: str) -> asyncio.Future[bool]:
        acknowledged: asyncio.Future[bool] = self._loop.create_future()
        key = self.key(channel)
        self._fleet.subscribe(key)
        if channel.startswith(WORK_PREFIX):
            self._numbers.follow(channel)
        if not self._fleet.is_promising(key):
            acknowledged.set_result(False)
            return acknowledged
        self._waiting[channel] = acknowledged
        self._loop.call_later(ACKNOWLEDGE_TIMEOUT, _give_up, acknowledged)
        return acknowledged

    def unsubscribe(self, channel: str) -> None:
        self._fleet.unsubscribe(self.key(channel))
        self._numbers.forget(channel)
        if (waiting := self._waiting.pop(channel, None)) is not None:
            _give_up(waiting)

    async def run(self, listener: BusListener) -> None:
        """Keeps the bus, for as long as it is not cancelled."""
        self._listener = listener
        for channel in OF_PROCESSES:
            self._fleet.subscribe(self.key(channel))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fleet.run(), name="redis servers")
            tasks.create_task(self._announce(), name="alive")
            tasks.create_task(self._confess(), name="doubts")

    # What the lanes tell

    def received(self, messages: Sequence[Message]) -> None:
        together: list[Push] = []
        for key, payload in messages:
            channel = self._channel(key)
            if channel in OF_PROCESSES:
                together = self._hand_on(together)
                self._told(channel, payload)
            elif payload[:NODE_BYTES] == self._name:
                continue  # the hub of this process delivered it before it was sent
            elif (push := _push_of(channel, payload)) is not None:
                if self._skipped(channel, payload):
                    together = self._hand_on(together)
                    self._missed(channel)
                together.append(push)
        self._hand_on(together)

    def _hand_on(self, pushes: list[Push]) -> list[Push]:
        """Before whatever comes next takes effect. Returns the list for what follows."""
        if pushes and self._listener is not None:
            self._listener.received(pushes)
        return []

    def _told(self, channel: str, payload: bytes) -> None:
        name = payload[:NODE_BYTES]
        if channel == ALIVE:
            if name != self._name:
                self._hear(name.hex(), payload[HEAD:])
        elif self._listener is not None:
            self._listener.controlled(payload)

    def _skipped(self, channel: str, payload: bytes) -> bool:
        number = int.from_bytes(payload[NODE_BYTES:HEAD], "big")
        return number != 0 and self._numbers.skipped(payload[:NODE_BYTES], channel, number)

    def _missed(self, channel: str) -> None:
        if self._listener is not None:
            self._listener.missed(channel)

    def subscribed(self, key: bytes) -> None:
        channel = self._channel(key)
        if channel == ALIVE:
            self.peers.listen(self.now())
            return
        waiting = self._waiting.pop(channel, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(True)
        elif channel != CONTROL:
            self._missed(channel)

    def disconnected(self, keys: Iterable[bytes]) -> None:
        for key in keys:
            channel = self._channel(key)
            if channel == ALIVE:
                self.peers.listen(None)
            if (waiting := self._waiting.pop(channel, None)) is not None:
                _give_up(waiting)

    def suspect(self) -> None:
        self._fleet.suspect()

    # Being alive

    async def _announce(self) -> None:
        """Says every second that this process lives, and up to which number it has sent what is numbered."""
        while True:
            said = await self._say(orjson.dumps(self._numbers.recent()))
            if said:
                self._said()
            for node in self.peers.take_gone(self.now()):
                log.warning("a process is gone", node=node)
                if self._listener is not None:
                    self._listener.gone(node)
            # at the start at once: others must not take us for unknown
            await asyncio.sleep(ANNOUNCE_EVERY if said else ANNOUNCE_EVERY / 20)  # reason: the pulse itself

    def _said(self) -> None:
        before, self._announced = self._announced, self.now()
        if before is not None and self._announced - before > PATIENCE - ANNOUNCE_EVERY and self._listener is not None:
            self._listener.absent()

    async def _say(self, words: bytes) -> bool:
        """True once Redis has taken it."""
        done: asyncio.Future[Any] = self._loop.create_future()
        self._fleet.publish(self.key(ALIVE), self._name + bytes(NUMBER_BYTES) + words, done)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await done
        except UNAVAILABLE:
            return False
        return True

    def _hear(self, node: str, words: bytes) -> None:
        if words == GOODBYE:
            self.peers.said_goodbye(node)
            return
        self.peers.hear(node, self.now())
        said = orjson.loads(words)
        if not isinstance(said, dict):
            self._doubt(said)
            return
        for channel, number in said.items():
            if self._numbers.behind(bytes.fromhex(node), channel, number):
                self._missed(channel)

    async def _confess(self) -> None:
        """Tells the others, as soon as it can, of which channels they may have missed what this process sent."""
        doubts = self._fleet.doubts
        while True:
            await self._fleet.doubtful.wait()
            self._fleet.doubtful.clear()
            while doubts:
                keys = doubts.take()
                channels = None if keys is None else [self._channel(key) for key in keys]
                if not await self._say(orjson.dumps(channels)):
                    doubts.put_back(keys)
                    await asyncio.sleep(TOLD_AGAIN_AFTER)  # reason: Redis is away

    def _doubt(self, channels: list[str] | None) -> None:
        """A sender says of which channels, or that of all, something may be lost."""
        followed = self._fleet.followed
        # a copy: who is told may be cut off for it, and its channel be left
        for key in tuple(followed) if channels is None else map(self.key, channels):
            if key in followed and (channel := self._channel(key)) not in OF_PROCESSES:
                self._missed(channel)

    async def say_goodbye(self) -> None:
        """So that nobody takes the end of this process for a crash."""
        await self._say(GOODBYE)

    def key(self, name: str, kind: str = "") -> bytes:
        """A name below this installation's prefix. In a cluster, whatever belongs to a name is in its slot."""
        return b"%b%b{%b}" % (self._prefix, kind.encode(), name.encode())

    def _channel(self, key: bytes) -> str:
        return key[len(self._prefix) + 1 : -1].decode()


async def why_unreachable(url: str) -> str | None:
    """None where every server answers; otherwise the reason, for people."""
    address = RedisAddress.parse(url)
    try:
        layout = await topology_of(address).discover()
        for master in layout.masters:
            connection = await connect(master, address, address.credentials)
            try:
                await connection.call("PING")
            finally:
                connection.abort()
    except UNAVAILABLE as error:
        return str(error) or type(error).__name__
    return None


def _push_of(channel: str, payload: bytes) -> Push | None:
    try:
        return Push.from_bus(channel, payload[HEAD:])
    except ValueError:
        log.warning("not one of our messages", channel=channel)
        return None


def _key(command: Command) -> bytes:
    key = command[1]
    return key if isinstance(key, bytes) else str(key).encode()


def _give_up(waiting: asyncio.Future[bool]) -> None:
    if not waiting.done():
        waiting.set_result(False)
