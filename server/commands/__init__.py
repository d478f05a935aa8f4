"""The command line. Commands import what they need when they run, so that `--help` is there at once."""

from __future__ import annotations

import sys

import typer

from server.commands import agents, database, doctor, serving
from server.commands.failing import CommandFailed, sentences_of

app = typer.Typer(
    name="casewire",
    help="Casewire: agents share customer cases live. Settings come from the environment; see docs/settings.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serving.serve)
app.command()(serving.demo)
app.command()(database.migrate)
app.command()(doctor.doctor)
app.command()(database.verify)
app.add_typer(agents.app, name="agent")


def main() -> None:
    """The console script: runs a command, and tells of a failure in sentences instead of a traceback."""
    try:
        app()
    except CommandFailed as failure:
        _tell(failure.sentences)
    except Exception as error:  # reason: the boundary of the program; what is no known failure goes on
        sentences = sentences_of(error)
        if sentences is None:
            raise  # a bug: the traceback is what helps
        _tell(sentences)
    except KeyboardInterrupt:
        sys.exit(130)


def _tell(sentences: list[str]) -> None:
    for sentence in sentences:
        print(f"casewire: {sentence}", file=sys.stderr)
    sys.exit(1)
