"""`casewire migrate` and `casewire verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from server.settings import Settings


def migrate() -> None:
    """Bring the database up to date. The server does so itself when it starts."""
    from server.commands.reaching import run

    applied = run(_migrate)
    for name in applied:
        print(f"applied {name}")
    if not applied:
        print("The database is up to date.")


async def _migrate(_settings: Settings, url: str) -> list[str]:
    from persistence.migrate import migrate

    return await migrate(url)


def verify() -> None:
    """Check the laws on the database, while it is in use: offsets without gaps, versions, command ids, epoch."""
    from server.commands.reaching import run

    broken = run(_verify)
    if broken:
        count = "One law is" if broken == 1 else f"{broken} laws are"
        print(f"{count} broken. Stop writing to this database and restore the latest backup that verifies.")
        raise typer.Exit(1)
    print("Every law holds.")


async def _verify(_settings: Settings, url: str) -> int:
    from persistence.migrate import pending
    from persistence.verify import verify
    from server.commands.failing import CommandFailed

    if missing := await pending(url):
        raise CommandFailed(f"The database lacks {', '.join(missing)}. Run `casewire migrate` first.")
    broken = 0
    async for verdict in verify(url):
        print(f"{'broken' if verdict.violations else 'holds ':6}  {verdict.law}", flush=True)
        for violation in verdict.violations:
            print(f"          {violation}")
        broken += bool(verdict.violations)
    return broken
