"""Rosters: who is there now. Short-lived entries per channel, kept in Redis for all processes.

Used for presence (who views a customer) and for editing leases (who edits what). Entries expire on their
own, so a process that dies leaves nothing behind; without Redis a process knows its own entries only, and
says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from channels.redis_broker import UNAVAILABLE, RedisBroker

log = structlog.get_logger(__name__)

READ_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class Members:
    """The entries of a channel by connection; `complete` is False where other processes' are unknown."""

    entries: Mapping[str, Mapping[str, Any]]
    complete: bool


class Roster:
    """`ttl` in seconds; `now` gives seconds since the epoch, as all processes count them."""

    def __init__(self, broker: RedisBroker, kind: str, ttl: float, now: Callable[[], float]) -> None:
        self._broker = broker
        self._kind = kind
        self._ttl = ttl
        self._now = now
        self._own: dict[str, dict[str, Mapping[str, Any]]] = {}

    def put(self, channel: str, client: str, entry: Mapping[str, Any]) -> float:
        """Adds or renews an entry; returns when it expires, in seconds since the epoch."""
        self._own.setdefault(channel, {})[client] = entry
        return self._write(channel, client, entry)

    def _write(self, channel: str, client: str, entry: Mapping[str, Any]) -> float:
        until = self._now() + self._ttl
        key = self._key(channel)
        self._broker.send(b"HSET", key, client, orjson.dumps({"until": until, "entry": entry}))
        self._broker.send(b"EXPIRE", key, round(self._ttl) + 1)
        return until

    def remove(self, channel: str, client: str) -> bool:
        """True where there was an entry of this process."""
        own = self._own.get(channel, {})
        if own.pop(client, None) is None:
            return False
        if not own:
            del self._own[channel]
        self._broker.send(b"HDEL", self._key(channel), client)
        return True

    def renew(self) -> None:
        """Renews all entries of this process; to be called a few times within the ttl."""
        for channel, entries in self._own.items():
            for client, entry in entries.items():
                self._write(channel, client, entry)

    async def members(self, channel: str) -> Members:
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                found = await self._broker.client.hgetall(self._key(channel))
        except UNAVAILABLE as error:
            log.warning("roster unknown", kind=self._kind, error=str(error) or type(error).__name__)
            return Members(dict(self._own.get(channel, {})), complete=False)
        now = self._now()
        records = {client.decode(): orjson.loads(text) for client, text in found.items()}
        entries = {client: record["entry"] for client, record in records.items() if record["until"] > now}
        if expired := records.keys() - entries.keys():  # of processes that died; the others keep the key alive
            self._broker.send(b"HDEL", self._key(channel), *expired)
        return Members({**entries, **self._own.get(channel, {})}, complete=True)

    def _key(self, channel: str) -> bytes:
        return self._broker.key(f"{self._kind}:{channel}")
