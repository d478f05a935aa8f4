"""The event loop that the processes run on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

ENOUGH_FILES = 1 << 20
"""Where the system sets no limit."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on uvloop, where there is one."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    allow_open_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def allow_open_files() -> int:
    """Lets this process open as many files as the system grants it, one for each connection; returns how many."""
    import resource

    allowed, granted = resource.getrlimit(resource.RLIMIT_NOFILE)
    if granted == resource.RLIM_INFINITY:
        granted = max(allowed, ENOUGH_FILES)
    with suppress(ValueError, OSError):  # a system with a lower limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
