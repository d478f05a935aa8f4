"""`casewire agent …`: accounts from the command line, for the first one and for scripts."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from channels.agent import Agent, Role
from server.commands.failing import CommandFailed

if TYPE_CHECKING:
    from persistence.agents import Agents
    from server.settings import Settings

app = typer.Typer(help="Accounts of agents.", no_args_is_help=True)

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1024
LONGEST_TTL = 10 * 365 * 24 * 3600

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="The name the agent logs in with.")]


@app.command()
def add(
    username: Username,
    name: Annotated[str, typer.Option(help="The name that others see.")],
    role: Annotated[Role, typer.Option(help="What the agent may do.")] = Role.AGENT,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the standard input, one line.")
    ] = False,
) -> None:
    """Add an agent. Without a password it cannot log in, but can use tokens (`casewire agent token`)."""
    from server.commands.reaching import run

    password = _read_password() if password_stdin else None

    async def work(_settings: Settings, url: str) -> Agent:
        from server.auth.passwords import hash_password

        password_hash = None if password is None else hash_password(password)
        async with _agents(url) as agents:
            return await agents.create(username, name, role, password_hash)

    agent = run(work)
    print(f"Added {agent.username} ({agent.role}), id {agent.id}.")
    if password is None:
        print("Without a password: it can use tokens, but not log in. To set one, use --password-stdin.")


@app.command("list")
def list_agents() -> None:
    """List all agents."""
    from server.commands.reaching import run

    async def work(_settings: Settings, url: str) -> list[Agent]:
        async with _agents(url) as agents:
            return await agents.list()

    rows = [("ID", "USERNAME", "NAME", "ROLE", "ACTIVE")]
    rows += [(str(a.id), a.username, a.name, a.role.value, "yes" if a.active else "no") for a in run(work)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@app.command()
def disable(username: Username) -> None:
    """Deactivate an agent: its logins end, its open connections close, its name stays in the history."""
    from server.commands.reaching import run

    async def work(_settings: Settings, url: str) -> None:
        async with _agents(url) as agents:
            agent = await _find(agents, username)
            await agents.update(agent.id, active=False)

    run(work)
    print(f"Disabled {username}.")


@app.command()
def token(
    username: Username,
    ttl: Annotated[int, typer.Option(min=1, max=LONGEST_TTL, help="How many seconds the token is valid.")] = 3600,
) -> None:
    """Print an access token of an agent, for scripts and bots. Disabling the agent ends it."""
    from datetime import timedelta

    from server.commands.reaching import run

    async def work(settings: Settings, url: str) -> str:
        from server.auth.tokens import Tokens
        from server.embedded import secret_key

        async with _agents(url) as agents:
            agent = await _find(agents, username)
        if not agent.active:
            raise CommandFailed(f"{username} is disabled, so nobody would accept its token.")
        key = settings.secret_key or secret_key(settings.data_dir)
        return Tokens(key).issue(agent.id, ttl=timedelta(seconds=ttl))

    print(run(work))


@asynccontextmanager
async def _agents(url: str) -> AsyncIterator[Agents]:
    """The accounts of an up-to-date database."""
    from persistence.agents import Agents
    from persistence.database import Database, DatabaseOptions
    from persistence.migrate import migrate

    await migrate(url)
    async with Database.connect(DatabaseOptions(url, pool_min=1, pool_max=1)) as database:
        yield Agents(database)


async def _find(agents: Agents, username: str) -> Agent:
    found = await agents.credentials(username)
    if found is None:
        raise CommandFailed(f"There is no agent {username}. `casewire agent list` shows all.")
    return found[0]


def _read_password() -> str:
    if sys.stdin.isatty():
        import getpass

        password = getpass.getpass("Password: ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise CommandFailed(
            f"The password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; give it as one line."
        )
    return password
