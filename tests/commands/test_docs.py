"""The documents for people who run Casewire name what there is."""

from __future__ import annotations

import asyncpg
import pytest
import typer.main

from server.commands import app
from tests.ground.server import PROJECT

OPERATIONS = (PROJECT / "docs" / "operations.md").read_text("utf-8")
DATA_MODEL = (PROJECT / "docs" / "data-model.md").read_text("utf-8")


def commands() -> list[str]:
    """Every command that does something, with the words that call it."""
    found = []
    for name, command in typer.main.get_group(app).commands.items():
        inner = getattr(command, "commands", None)
        found += [name] if inner is None else [f"{name} {sub}" for sub in inner]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str) -> None:
    assert f"| `casewire {command}` |" in OPERATIONS


def test_no_command_is_documented_that_there_is_not() -> None:
    documented = {line.split("`")[1] for line in OPERATIONS.splitlines() if line.startswith("| `casewire ")}
    assert documented == {f"casewire {command}" for command in commands()}


async def test_every_table_and_every_index_of_the_list_is_documented(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' UNION ALL SELECT 'all_actions'"
        )
        indexes = await connection.fetch(
            "SELECT indexrelid::regclass::text AS name FROM pg_index"
            " WHERE indrelid = 'customers'::regclass AND NOT indisunique"
        )
    finally:
        await connection.close()
    described = {line.split("`")[1] for line in DATA_MODEL.splitlines() if line.startswith("| `")}
    assert {row["name"] for row in tables} <= described
    assert not [row["name"] for row in indexes if f"`{row['name']}`" not in DATA_MODEL]
