"""Passwords: Argon2id, hashed off the event loop in a bounded pool of threads."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# The first recommendation of OWASP's password storage cheat sheet: 46 MiB, one pass, one lane.
_HASHER = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)

THREADS = 2
"""At most so many hashes at once, each with its 46 MiB; more wait."""


def hash_password(password: str) -> str:
    """The hash to store. Takes some ten milliseconds of this thread: not for the event loop."""
    return _HASHER.hash(password)


def check_password(stored: str, password: str) -> bool:
    """Whether `password` is the one that was hashed. Takes as long as hashing."""
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


class Passwords:
    """Hashes and checks in threads. Open it with `Passwords.running()`."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._nobody = hash_password(secrets.token_hex(16))

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """With threads of their own, for one comparison takes tens of milliseconds."""
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        try:
            yield cls(pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def hashed(self, password: str) -> str:
        """What is stored of a new password."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, hash_password, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """False for None, after as much work as for a wrong password: the time tells nobody who exists."""
        loop = asyncio.get_running_loop()
        matching = await loop.run_in_executor(self._pool, check_password, stored or self._nobody, password)
        return matching and stored is not None
