"""The turnstile: a few in each turn of the loop, in order, nobody for ever."""

from __future__ import annotations

import asyncio

from server.realtime.turnstile import Turnstile
from tests.ground.eventually import turns


async def test_a_few_pass_in_each_turn_and_all_in_the_end() -> None:
    turnstile, passed = Turnstile(3), []

    async def come(number: int) -> None:
        await turnstile.pass_through()
        passed.append(number)

    coming = [asyncio.ensure_future(come(number)) for number in range(20)]
    seen = 0
    while seen < 20:
        await turns()
        assert len(passed) - seen <= 3
        seen = len(passed)
    await asyncio.gather(*coming)
    assert passed == list(range(20))
    assert turnstile.waiting == 0


async def test_where_nobody_waits_nobody_is_held_up() -> None:
    turnstile = Turnstile(2)
    for _ in range(10):
        coming = turnstile.pass_through()
        try:
            coming.send(None)
        except StopIteration:
            pass
        else:
            raise AssertionError("it waited")
        await turns()


async def test_who_gives_up_takes_no_place() -> None:
    turnstile, passed = Turnstile(1), []

    async def come(number: int) -> None:
        await turnstile.pass_through()
        passed.append(number)

    coming = [asyncio.ensure_future(come(number)) for number in range(5)]
    await turns()
    for number in (1, 3):
        coming[number].cancel()
    await asyncio.gather(*coming, return_exceptions=True)
    assert passed == [0, 2, 4]
