"""The lock of a data folder, between a server that is gone and keepers that still end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from server.embedded.lock import FolderLock
from tests.ground.eventually import turns


async def test_a_lock_that_a_keeper_still_holds_is_waited_for(tmp_path: Path) -> None:
    """A start that failed is tried again at once, by the same process."""
    first = await FolderLock.acquire(tmp_path / "lock")
    keeper = os.dup(first.descriptor)  # shares the lock, as what a keeper inherits does
    first.release()
    second = asyncio.create_task(FolderLock.acquire(tmp_path / "lock"))
    await turns()
    assert not second.done(), "neither taken nor refused"
    os.close(keeper)
    (await second).release()
