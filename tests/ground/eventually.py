"""Waiting for a condition instead of for a time: asked again and again until it holds or the deadline has passed."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

EVERY = 0.01
PATIENCE = 30.0
"""Seconds until a wait fails its test. Nothing is proven by its length, so it leaves room for a busy machine."""


@overload
async def eventually(check: Callable[[], Awaitable[T]], *, within: float = ..., what: str = ...) -> T: ...
@overload
async def eventually(check: Callable[[], T], *, within: float = ..., what: str = ...) -> T: ...
async def eventually(check: Callable[[], object], *, within: float = PATIENCE, what: str = "") -> object:
    """The first true value of `check`, which may be a coroutine function.

    :param within: seconds until the wait fails the test.
    :param what: what was waited for, for the failure's sentence.
    """
    deadline = time.monotonic() + within
    while True:
        answer = check()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or check}; last answer {value!r}")
        await asyncio.sleep(EVERY)


def eventually_blocking(check: Callable[[], T], *, within: float = PATIENCE, what: str = "") -> T:
    """The same where there is no event loop."""
    deadline = time.monotonic() + within
    while not (value := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or check}; last answer {value!r}")
        time.sleep(EVERY)
    return value


async def turns(count: int = 1) -> None:
    """Lets what is ready run, `count` times: a chosen interleaving of the loop, not a wait."""
    for _ in range(count):
        await asyncio.sleep(0)
