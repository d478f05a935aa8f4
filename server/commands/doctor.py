"""`casewire doctor`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from server.settings import Settings

MARKS = {"good": "ok      ", "advice": "advice  ", "problem": "PROBLEM "}


def doctor() -> None:
    """Say what is misconfigured and how to mend it. Starts the embedded services for a moment if they are used."""
    from server.settings import Settings

    settings = Settings.load()
    print(f"{MARKS['good']}The settings can be read.")
    problems = asyncio.run(_report(settings))
    if problems:
        print("One problem to mend." if problems == 1 else f"{problems} problems to mend.")
        raise typer.Exit(1)


async def _report(settings: Settings) -> int:
    from server.addresses import find
    from server.checkup import Level, check_up
    from server.commands.reaching import tell
    from server.serve import reachable_services

    running = find(settings.data_dir) if settings.embedded else None
    if running is not None:
        print(f"{MARKS['good']}A server runs on {settings.data_dir}.")
        settings = settings.model_copy(update={"database_url": running.database_url, "redis_url": running.redis_url})
    problems = 0
    async with reachable_services(settings, tell) as complete:
        async for finding in check_up(complete, serving=running is not None):
            print(f"{MARKS[finding.level]}{finding.sentence}", flush=True)
            problems += finding.level is Level.PROBLEM
    return problems
