"""Rosters: who is there now. Entries per channel, kept in Redis for all processes.

Used for presence (who views a customer) and for editing leases (who edits what). What this process has to say is
mirrored into Redis: an entry that could not be written or removed is tried again, and all of them are written anew
now and then, since Redis may forget. An entry holds for as long as the process that wrote it lives (`channels.peers`)
and its own time, if it has one, lasts; so there is nothing to renew. Without Redis a process knows its own entries
only, and says so.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
import structlog

from channels.broker.connection import Command
from channels.redis_broker import UNAVAILABLE, RedisBroker

log = structlog.get_logger(__name__)

READ_TIMEOUT = 1.0
RETRY = 0.5

KEPT = 900
"""Seconds that Redis keeps what nobody writes anew."""

ROUND = 300.0
"""Seconds in which every entry is written anew."""

STEP = 5.0
AT_ONCE = 2000
"""Entries that are written together."""

Entry = Mapping[str, Any]
Pair = tuple[str, str]
"""A channel and a connection."""

_Step = tuple[Command, list[Pair]]
"""A command, and the entries that are not written where it fails."""


@dataclass(frozen=True, slots=True)
class Members:
    """The entries of a channel by connection; `complete` is False where other processes' are unknown."""

    entries: Mapping[str, Entry]
    complete: bool


@dataclass(slots=True)
class _Own:
    entry: Entry
    until: float | None
    written: bool = False
    forgotten: bool = False
    """Redis may have lost it, so that its absence there tells nothing."""
    taken: bool = False
    """The others may have taken it for vanished, and told so."""

    @property
    def expected(self) -> bool:
        """Whether its absence in Redis means that its leave was told."""
        return self.written and (self.taken or not self.forgotten)


class Roster:
    """`now` gives seconds since the epoch, as all processes count them.

    `vanished` is told an entry whose process is gone, by one of the survivors; `restored` an entry of this process
    that the others had taken for vanished.
    """

    def __init__(
        self,
        broker: RedisBroker,
        kind: str,
        now: Callable[[], float],
        vanished: Callable[[str, Entry], None] | None = None,
        restored: Callable[[str, Entry], None] | None = None,
    ) -> None:
        self._broker = broker
        self.kind = kind
        self._now = now
        self._vanished = vanished or _nothing
        self._restored = restored or _nothing
        self.linger = 0.0
        """Seconds; what changes in them is written together."""
        self.wrote: Callable[[], None] | None = None
        """Called after each attempt to write what has changed."""
        self._own: dict[str, dict[str, _Own]] = {}
        self._dirty: dict[Pair, None] = {}
        self._wake = asyncio.Event()
        self._clean = asyncio.Event()
        self._clean.set()
        self._round: list[Pair] = []

    def put(self, channel: str, client: str, entry: Entry, until: float | None = None) -> None:
        """Adds or replaces an entry; `until`: when it expires by itself."""
        own = self._own.setdefault(channel, {})
        if (before := own.get(client)) is None:
            own[client] = _Own(entry, until)
        else:
            before.entry, before.until = entry, until
        self._mark([(channel, client)])

    def remove(self, channel: str, client: str) -> bool:
        """True where there was an entry of this process."""
        own = self._own.get(channel, {})
        if own.pop(client, None) is None:
            return False
        if not own:
            del self._own[channel]
        self._mark([(channel, client)])
        return True

    async def members(self, channel: str) -> Members:
        own = {client: mine.entry for client, mine in self._own.get(channel, {}).items()}
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                fields = await self._broker.ask("HGETALL", self._key(channel))
        except UNAVAILABLE as error:
            log.warning("roster unknown", kind=self.kind, error=str(error) or type(error).__name__)
            return Members(own, complete=False)
        entries, gone = self._sorted(fields)
        if gone:
            await self._bury([(channel, client) for client in gone])
        return Members({**entries, **own}, complete=True)

    def _sorted(self, fields: Sequence[bytes]) -> tuple[dict[str, Entry], list[str]]:
        """The entries that hold, and the connections of processes that are gone."""
        now, clock = self._now(), self._broker.now()
        entries: dict[str, Entry] = {}
        gone: list[str] = []
        for field, text in zip(fields[::2], fields[1::2], strict=True):
            client, record = field.decode(), orjson.loads(text)
            if record["node"] == self._broker.node:
                continue  # we know better
            if self._broker.peers.is_gone(record["node"], clock):
                gone.append(client)
            elif record["until"] is None or record["until"] > now:
                entries[client] = record["entry"]
        return entries, gone

    # Mirroring into Redis

    async def run(self) -> None:
        """Writes what changes; ends by cancellation alone."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(), name=f"{self.kind} anew")
            while True:
                await self._wake.wait()
                await asyncio.sleep(self.linger)  # reason: what comes meanwhile is written together
                self._wake.clear()
                while self._dirty:
                    pairs = list(islice(self._dirty, AT_ONCE))
                    for pair in pairs:
                        del self._dirty[pair]
                    failed = await self._write(pairs)
                    if self.wrote is not None:
                        self.wrote()
                    if failed:
                        self._mark(failed)
                        await asyncio.sleep(RETRY)  # reason: Redis is away
                self._clean.set()

    async def flush(self, within: float) -> None:
        """Waits until everything is written, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._clean.wait()

    def returned(self) -> None:
        """This process was taken for gone: whatever the others have removed is told again."""
        for own in self._own.values():
            for mine in own.values():
                mine.taken = True
        self._mark([(channel, client) for channel, own in self._own.items() for client in own])

    def rewrite(self, channel: str) -> None:
        """The server that keeps a channel may be another now, or have forgotten; nobody was told of a leave."""
        own = self._own.get(channel, {})
        for mine in own.values():
            mine.forgotten = True
        self._mark([(channel, client) for client in own])

    def _mark(self, pairs: Iterable[Pair]) -> None:
        self._dirty.update(dict.fromkeys(pairs))
        if self._dirty:
            self._clean.clear()
            self._wake.set()

    async def _write(self, pairs: list[Pair]) -> list[Pair]:
        """Returns what could not be written."""
        here = {pair: own.expected for pair in pairs if (own := self._mine(pair)) is not None}
        again = [pair for pair, expected in here.items() if expected]
        steps = self._put([pair for pair, expected in here.items() if not expected], again)
        steps += self._take([pair for pair in pairs if pair not in here])
        answers = await self._broker.ask_all([command for command, _ in steps])
        failed: dict[Pair, None] = {}
        restored: set[Pair] = set()
        for (command, concerned), answer in zip(steps, answers, strict=True):
            if isinstance(answer, BaseException):
                failed.update(dict.fromkeys(concerned))
            elif command[0] == "HSET" and answer == 1 and here[concerned[0]]:
                restored.update(concerned)
        for pair in here:
            if pair not in failed and (own := self._mine(pair)) is not None:
                own.written, own.forgotten, own.taken = True, False, False
                if pair in restored:
                    self._restored(pair[0], own.entry)
        return list(failed)

    def _put(self, new: list[Pair], again: list[Pair]) -> list[_Step]:
        """One command for all that is new in a channel, and one for each entry that was written before: its answer
        tells whether it was still there."""
        if not new and not again:
            return []
        index, every = self._index(self._broker.node), new + again
        groups = [*_by_channel(new), *([pair] for pair in again)]
        steps: list[_Step] = [(("HSET", self._key(some[0][0]), *self._fields(some)), some) for some in groups]
        steps.append((("SADD", index, *map(" ".join, every)), every))
        keys = (self._key(some[0][0]) for some in _by_channel(every))
        return steps + [(("EXPIRE", key, KEPT), []) for key in (*keys, index)]

    def _take(self, gone: list[Pair]) -> list[_Step]:
        if not gone:
            return []
        steps: list[_Step] = [
            (("HDEL", self._key(some[0][0]), *(client for _, client in some)), some) for some in _by_channel(gone)
        ]
        return [*steps, (("SREM", self._index(self._broker.node), *map(" ".join, gone)), gone)]

    def _fields(self, pairs: Iterable[Pair]) -> Iterator[str | bytes]:
        for pair in pairs:
            own = self._own[pair[0]][pair[1]]
            yield pair[1]
            yield orjson.dumps({"node": self._broker.node, "until": own.until, "entry": own.entry})

    def _mine(self, pair: Pair) -> _Own | None:
        return self._own.get(pair[0], {}).get(pair[1])

    async def _repeat(self) -> None:
        """Everything anew in each `ROUND`, a little at a time."""
        while True:
            await asyncio.sleep(STEP)  # reason: spreads the repetition over the round
            if not self._round:
                self._round = [(channel, client) for channel, own in self._own.items() for client in own]
                random.shuffle(self._round)
                self._share = int(len(self._round) * STEP / ROUND) + 1
            self._mark(self._round[-self._share :])
            del self._round[-self._share :]

    # Those who are gone

    async def bury(self, node: str) -> None:
        """Removes the entries of a process that is gone. All survivors do so; each entry is told by one of them."""
        index = self._index(node)
        try:
            members = await self._broker.ask("SMEMBERS", index)
            pairs = [tuple(member.decode().split(" ", 1)) for member in members]
            await self._bury([(channel, client) for channel, client in pairs])
            await self._broker.ask("DEL", index)
        except UNAVAILABLE as error:
            log.warning("roster not cleaned", kind=self.kind, error=str(error) or type(error).__name__)

    async def _bury(self, pairs: list[Pair]) -> None:
        """Whoever's HDEL removes the entry tells of it."""
        for start in range(0, len(pairs), AT_ONCE):
            some = pairs[start : start + AT_ONCE]
            commands: list[tuple[bytes | str, ...]] = []
            for channel, client in some:
                commands += [("HGET", self._key(channel), client), ("HDEL", self._key(channel), client)]
            answers = await self._broker.ask_all(commands)
            for (channel, _), text, removed in zip(some, answers[::2], answers[1::2], strict=True):
                if isinstance(text, bytes) and removed == 1:
                    self._vanished(channel, orjson.loads(text)["entry"])

    def _key(self, channel: str) -> bytes:
        return self._broker.key(channel, f"{self.kind}:")

    def _index(self, node: str) -> bytes:
        return self._broker.key(node, f"{self.kind}-of:")


def _by_channel(pairs: Iterable[Pair]) -> list[list[Pair]]:
    channels: dict[str, list[Pair]] = {}
    for pair in pairs:
        channels.setdefault(pair[0], []).append(pair)
    return list(channels.values())


def _nothing(_channel: str, _entry: Entry) -> None:
    """Nobody wants to be told."""
