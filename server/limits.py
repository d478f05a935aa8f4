"""Rate limits: counted in Redis for all nodes together; per process while Redis is away. Never off, never a 500."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.storage.redis import RedisClusterStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from channels.errors import TooManyRequests
from server.settings import Rate

log = structlog.get_logger("casewire.limits")

PATIENCE = 0.1
"""Seconds that a request waits for Redis at most."""

DOWN_FOR = 1.0
"""Seconds for which Redis, once it did not answer, is not asked again."""

AT_ONCE = 16
"""Requests that ask Redis at the same time; more wait for their turn, instead of a connection each."""

LOGINS_PER_NAME = Rate(10, 300)
LOGINS_PER_ADDRESS = Rate(100, 900)


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
        shared: RedisStorage | None,
        *,
        down_for: float = DOWN_FOR,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = rate
        self._shared = None if shared is None else SlidingWindowCounterRateLimiter(shared)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._turn = asyncio.Semaphore(AT_ONCE)
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
        storage = _storage(redis_url, f"{prefix}limits")
        try:
            yield cls(rate, storage, now=now)
        finally:
            assert isinstance(storage.bridge, RedispyBridge)  # noqa: S101 # reason: chosen in `_storage`
            client: Any = storage.bridge.get_connection()
            await client.aclose()

    @property
    def degraded(self) -> bool:
        """Whether this process counts alone, because Redis did not answer a moment ago."""
        return self._now() < self._down_until

    async def take(self, name: str, rate: Rate, key: str) -> Quota:
        """Counts one against the limit `name` of `key`; the caller looks at `exceeded`."""
        item = RateLimitItemPerSecond(rate.amount, rate.seconds, namespace=name)
        if self._shared is not None and not self.degraded:
            async with self._turn:
                quota = await self._take_shared(self._shared, item, key)
            if quota is not None:
                return quota
        return await _take(self._own, item, key)

    async def _take_shared(
        self, limiter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerSecond, key: str
    ) -> Quota | None:
        """None where Redis does not answer in time."""
        if self.degraded:  # found out while this one waited for its turn
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await _take(limiter, item, key)
        except (StorageError, OSError, TimeoutError) as error:
            self._down_until = self._now() + self._down_for
            log.warning("redis is away: limits are counted per process", error=type(error).__name__)
            return None

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


async def _take(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerSecond, key: str) -> Quota:
    allowed = await limiter.hit(item, key)
    window = await limiter.get_window_stats(item, key)
    rate = Rate(item.amount, item.get_expiry())
    reset = min(rate.seconds, max(1, math.ceil(window.reset_time - time.time())))
    return Quota(item.namespace, rate, max(0, window.remaining) if allowed else 0, reset, exceeded=not allowed)


def _storage(redis_url: str, prefix: str) -> RedisStorage:
    """The storage for a URL as Redis clients write it."""
    scheme, _, rest = redis_url.partition("://")
    options: dict[str, Any] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    kind = RedisStorage
    if scheme.endswith("+cluster"):
        kind = RedisClusterStorage
        if scheme.startswith("rediss"):
            options["ssl"] = True
        scheme = "redis+cluster"
    elif scheme == "unix":
        scheme = "redis+unix"
    return kind(f"async+{scheme}://{rest}", True, "redispy", prefix, **options)
