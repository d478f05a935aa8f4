"""What rosters say to Redis, counted."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from channels.broker.connection import Command
from channels.roster import Entry, Roster
from tests.realtime.conftest import Node, node

__all__ = ["node"]

CHANNELS = [f"customer:{number}" for number in range(1, 4)]
CLIENTS = [f"client-{number}" for number in range(100)]


async def test_many_who_come_together_are_a_few_commands(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    broker, restored = node.services.broker, list[tuple[str, Entry]]()
    roster = Roster(broker, "crowd", time.time, restored=lambda channel, entry: restored.append((channel, entry)))
    said: Counter[Any] = Counter()
    ask_all = broker.ask_all

    async def counted(commands: Sequence[Command]) -> list[Any]:
        said.update(command[0] for command in commands if b"crowd" in bytes(command[1]))  # type: ignore[arg-type]
        return await ask_all(commands)

    monkeypatch.setattr(broker, "ask_all", counted)
    running = asyncio.create_task(roster.run())

    async def entries(channel: str) -> int:
        return int(await broker.ask("HLEN", broker.key(channel, "crowd:")))

    for client in CLIENTS:
        for channel in CHANNELS:
            roster.put(channel, client, {"name": client})
    await roster.flush(10)
    assert said == {"HSET": 3, "SADD": 1, "EXPIRE": 4}
    assert [await entries(channel) for channel in CHANNELS] == [100] * 3

    said.clear()
    await broker.ask("HDEL", broker.key(CHANNELS[1], "crowd:"), *CLIENTS[:2])
    roster.returned()
    await roster.flush(10)
    assert said == {"HSET": 300, "SADD": 1, "EXPIRE": 4}, "each answer tells whether the entry was still there"
    assert restored == [(CHANNELS[1], {"name": client}) for client in CLIENTS[:2]]

    said.clear()
    restored.clear()
    await broker.ask("HDEL", broker.key(CHANNELS[0], "crowd:"), *CLIENTS[:3])
    roster.rewrite(CHANNELS[0])
    await roster.flush(10)
    assert (said["HSET"], restored) == (1, []), "Redis has forgotten, and nobody was told of a leave"
    await broker.ask("HDEL", broker.key(CHANNELS[0], "crowd:"), CLIENTS[0])
    roster.rewrite(CHANNELS[0])
    roster.returned()
    roster.rewrite(CHANNELS[0])  # in whichever order it learns of both
    await roster.flush(10)
    assert restored == [(CHANNELS[0], {"name": CLIENTS[0]})]

    said.clear()
    for client in CLIENTS:
        for channel in CHANNELS:
            roster.remove(channel, client)
    await roster.flush(10)
    assert said == {"HDEL": 3, "SREM": 1}
    assert [await entries(channel) for channel in CHANNELS] == [0] * 3
    assert await broker.ask("SCARD", broker.key(broker.node, "crowd-of:")) == 0
    running.cancel()
    await asyncio.wait((running,))
