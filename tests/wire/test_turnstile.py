"""The turnstile: a few in each turn of the loop, in order, nobody for ever."""

from __future__ import annotations

import asyncio
from functools import partial

from server.realtime.turnstile import Turnstile
from tests.ground.eventually import eventually, turns


async def test_a_few_come_in_in_each_turn_and_all_in_the_end() -> None:
    turnstile, inside = Turnstile(3), list[int]()
    assert [turnstile.enter(partial(inside.append, number)) for number in range(20)] == [True] * 3 + [False] * 17
    seen = 3
    assert inside == [0, 1, 2]
    while turnstile.waiting:
        await turns()
        assert len(inside) - seen <= 3
        seen = len(inside)
    assert inside == list(range(20))


async def test_where_nobody_waits_nobody_is_held_up() -> None:
    turnstile, inside = Turnstile(2), list[int]()
    for number in range(10):
        assert turnstile.enter(partial(inside.append, number))
        await turns()
    assert inside == list(range(10))


async def test_who_comes_later_does_not_overtake() -> None:
    turnstile, inside = Turnstile(1), list[int]()
    for number in range(3):
        turnstile.enter(partial(inside.append, number))
    await turns()
    assert not turnstile.enter(partial(inside.append, 3))
    await eventually(lambda: not turnstile.waiting, what="all are inside")
    assert inside == [0, 1, 2, 3]


async def test_one_that_fails_keeps_nobody_out() -> None:
    turnstile, inside, told = Turnstile(1), list[int](), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context["exception"]))
    for number in range(5):
        turnstile.enter(partial(fail, number) if number in (2, 3) else partial(inside.append, number))
    await eventually(lambda: not turnstile.waiting, what="all are inside")
    assert inside == [0, 1, 4]
    assert [str(one) for one in told] == ["2", "3"]


def fail(number: int) -> None:
    raise ValueError(number)
