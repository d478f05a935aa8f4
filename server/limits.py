"""Rate limits: counted in Redis for all nodes together; per process while Redis is away. Never off, never a 500."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Self

import structlog

from channels.broker.commands import UNAVAILABLE, RedisCommands
from channels.errors import TooManyRequests
from channels.window import Rate, Usage, Window

log = structlog.get_logger("casewire.limits")

PATIENCE = 0.1
"""Seconds that a request waits for Redis at most."""

DOWN_FOR = 1.0
"""Seconds for which Redis, once it did not answer, is not asked again."""

CLIENTS_ALONE = 10_000
"""Clients that this process counts by itself while Redis is away; beyond them, those it knew first are forgotten."""

LOGINS_PER_NAME = Rate(10, 300)
LOGINS_PER_ADDRESS = Rate(100, 900)

SCRIPT = files("server").joinpath("limits.lua").read_text("utf-8")

Limit = tuple[str, Rate]
"""Whom to count, against what."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a limit after a request. `reset`: seconds until it grows again."""

    name: str
    rate: Rate
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The fields of draft-ietf-httpapi-ratelimit-headers."""
        policy = f'"{self.name}";q={self.rate.amount};w={self.rate.seconds}'
        left = f'"{self.name}";r={self.remaining};t={self.reset}'
        return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


class Limits:
    """`rate` is that of requests per client; None switches every limit off, that of logins as well."""

    def __init__(
        self,
        rate: Rate | None,
        shared: SharedCounts | None,
        *,
        down_for: float = DOWN_FOR,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = rate
        self._shared = shared
        self._own: dict[str, Window] = {}
        self._gathering: _Together | None = None
        self._turn = asyncio.Lock()
        self._down_for = down_for
        self._down_until = 0.0
        self._now = now

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        rate: Rate | None,
        redis_url: str,
        prefix: str = "casewire:",
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> AsyncIterator[Self]:
        """Counts in the Redis at `redis_url` below `prefix`. Opens no connection before the first request."""
        async with RedisCommands.connected(redis_url) as commands:
            yield cls(rate, SharedCounts(commands, prefix), now=now)

    @property
    def degraded(self) -> bool:
        """Whether this process counts alone, because Redis did not answer a moment ago."""
        return self._now() < self._down_until

    async def take(self, name: str, rate: Rate, key: str) -> Quota:
        """Counts one against the limit `name` of `key`; the caller looks at `exceeded`."""
        own_key = f"{name}/{key}"
        taken = None if self._shared is None else await self._take_shared(self._shared, (own_key, rate))
        granted, usage = taken or self._take_alone(own_key, rate)
        return Quota(name, rate, usage.room(rate) if granted else 0, usage.reset(rate), exceeded=not granted)

    async def _take_shared(self, shared: SharedCounts, limit: Limit) -> tuple[bool, Usage] | None:
        """None where Redis does not answer in time.

        Requests of the same moment are counted by one call: the first of them waits for its turn, and takes
        with it whoever has come by then.
        """
        if self.degraded:
            return None
        if self._gathering is not None:
            return await self._gathering.add(limit)
        together = self._gathering = _Together()
        own = together.add(limit)
        try:
            await asyncio.sleep(0)  # those who come in the same turn of the loop
            async with self._turn:
                self._gathering = None
                if not self.degraded:  # found out while this one waited for its turn
                    together.settle(await self._ask(shared, together.asked))
        finally:
            if self._gathering is together:
                self._gathering = None
            together.give_up()
        return await own

    async def _ask(self, shared: SharedCounts, asked: dict[Limit, int]) -> Sequence[tuple[int, Usage]] | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await shared.take(asked)
        except shared.errors as error:
            self._down_until = self._now() + self._down_for
            log.warning("redis is away: limits are counted per process", error=type(error).__name__)
            return None

    def _take_alone(self, key: str, rate: Rate) -> tuple[bool, Usage]:
        window = self._own.get(key)
        if window is None:
            if len(self._own) >= CLIENTS_ALONE:
                del self._own[next(iter(self._own))]
            window = self._own[key] = Window()
        granted, usage = window.take(rate, 1, time.time())
        return bool(granted), usage

    async def request(self, client: str) -> Quota | None:
        """Counts a request of a client; None where there is no limit."""
        return None if self.rate is None else await self.take("client", self.rate, client)

    async def login(self, address: str, username: str) -> None:
        """Counts an attempt to log in, per address and per name; raises TooManyRequests."""
        if self.rate is None:
            return
        for name, rate, key in (
            ("login-address", LOGINS_PER_ADDRESS, address),
            ("login-name", LOGINS_PER_NAME, username),
        ):
            quota = await self.take(name, rate, key)
            if quota.exceeded:
                raise TooManyRequests(quota.reset)


class _Together:
    """Requests that are counted by one call. Each hears whether it was granted, or None where nobody knows."""

    __slots__ = ("_waiting", "asked")

    def __init__(self) -> None:
        self.asked: dict[Limit, int] = {}
        self._waiting: dict[Limit, list[asyncio.Future[tuple[bool, Usage] | None]]] = {}

    def add(self, limit: Limit) -> asyncio.Future[tuple[bool, Usage] | None]:
        heard: asyncio.Future[tuple[bool, Usage] | None] = asyncio.get_running_loop().create_future()
        self.asked[limit] = self.asked.get(limit, 0) + 1
        self._waiting.setdefault(limit, []).append(heard)
        return heard

    def settle(self, counts: Sequence[tuple[int, Usage]] | None) -> None:
        """Of one client's requests the first are granted, each as if it had come alone."""
        for waiting, (granted, usage) in zip(self._waiting.values(), counts or (), strict=False):
            for place, heard in enumerate(waiting, start=1):
                left = max(0, granted - place)  # which those behind it have taken
                own = Usage(usage.current - left, usage.previous, usage.elapsed)
                if not heard.done():
                    heard.set_result((place <= granted, own))

    def give_up(self) -> None:
        for waiting in self._waiting.values():
            for heard in waiting:
                if not heard.done():
                    heard.set_result(None)


class SharedCounts:
    """The counts that all nodes share, in Redis."""

    errors: tuple[type[Exception], ...] = UNAVAILABLE

    def __init__(self, commands: RedisCommands, prefix: str) -> None:
        self._commands = commands
        # one hash slot for all, so that one call counts them in a cluster too
        self._prefix = f"{prefix}{{limits}}:"

    async def take(self, asked: dict[Limit, int]) -> list[tuple[int, Usage]]:
        """Counts; for each limit how many of those asked for were granted, and what is used then."""
        keys = [self._prefix + key for key, _ in asked]
        numbers = [number for (_, rate), count in asked.items() for number in (rate.amount, rate.seconds, count)]
        answers = await self._commands.ask("EVAL", SCRIPT, len(keys), *keys, *numbers, key=self._prefix)
        return [
            (granted, Usage(current, previous, millionths / 1_000_000))
            for granted, current, previous, millionths in answers
        ]
