"""Passwords: hashed with Argon2id, checked off the event loop."""

from __future__ import annotations

import asyncio

from server.auth.passwords import Passwords, check_password, hash_password
from tests.ground.eventually import turns


def test_a_hash_is_argon2id_with_its_own_salt_and_tells_only_the_right_password() -> None:
    first, second = hash_password("casewire"), hash_password("casewire")
    assert first.startswith("$argon2id$")
    assert first != second
    assert check_password(first, "casewire")
    assert not check_password(first, "Casewire")
    assert not check_password("no hash", "casewire")


async def test_nobody_has_a_password() -> None:
    with Passwords.running() as passwords:
        stored = await passwords.hashed("casewire")
        assert await passwords.matches(stored, "casewire")
        assert not await passwords.matches(stored, "wrong")
        assert not await passwords.matches(None, "casewire")


async def test_the_event_loop_goes_on_while_passwords_are_checked() -> None:
    with Passwords.running() as passwords:
        stored = await passwords.hashed("casewire")
        checks = asyncio.gather(*(passwords.matches(stored, "casewire") for _ in range(6)))
        seen = 0
        while not checks.done():
            seen += 1
            await turns()
        assert all(await checks)
        assert seen > 100
