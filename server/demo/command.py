"""`casewire demo`: the example history in a data folder of its own, and a server on it."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from threading import Thread

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from persistence.bulk import History, is_empty, load
from persistence.database import Database, DatabaseOptions
from server.demo.dataset import PASSWORD, example_history
from server.logging import configure_logging
from server.serve import serve
from server.settings import Settings

FOLDER = "demo"

LOGINS = (
    ("dana", "agent, with 1,200 customers"),
    ("lee", "agent"),
    ("sam", "agent"),
    ("ines", "supervisor"),
    ("root", "admin"),
)


def run_demo(settings: Settings) -> int:
    """Serves until a signal; returns the exit code. The services are always its own, whatever the settings name."""
    configure_logging("WARNING")
    own = settings.model_copy(
        update={"data_dir": settings.data_dir / FOLDER, "database_url": None, "redis_url": None, "secret_key": None}
    )
    return Demo(Console(), own).run()


class Demo:
    """A server of its own whose database is filled at the first start."""

    def __init__(self, console: Console, settings: Settings) -> None:
        self._console = console
        self._settings = settings
        self._history: Future[History] | None = None

    def run(self) -> int:
        """Serves until a signal; returns the exit code."""
        if not (self._settings.data_dir / "postgresql").exists():
            self._begin_history()  # while the services are made, the processor has nothing else to do
        return serve(self._settings, say=self._say, announce=self._announce, prepare=self._fill)

    def _begin_history(self) -> Future[History]:
        """In a thread that nobody waits for, should the start fail or be stopped."""
        self._history = history = Future[History]()
        Thread(target=_write_history, args=(history,), name="example data", daemon=True).start()
        return history

    def _say(self, sentence: str) -> None:
        self._console.print(sentence, style="dim", highlight=False)

    async def _fill(self, settings: Settings) -> None:
        """Loads the example history, unless it, or somebody's work, is there already."""
        options = DatabaseOptions(settings.database_url or "", pool_min=1, pool_max=2)
        async with Database.connect(options) as database:
            if not await is_empty(database):
                return
            with self._progress() as progress:
                task = progress.add_task("Writing 15,000 customers and 100,000 actions", total=None)
                history = await asyncio.wrap_future(self._history or self._begin_history())
                progress.update(task, total=len(history))
                await load(database, history, lambda rows: progress.advance(task, rows))
        self._history = None

    def _progress(self) -> Progress:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
        )
        return Progress(*columns, console=self._console, transient=True)

    def _announce(self, address: str) -> None:
        table = Table("Log in as", "who is", title=f"Casewire is at [bold]{address}[/bold]", title_justify="left")
        for username, role in LOGINS:
            table.add_row(username, role)
        self._console.print()
        self._console.print(table)
        self._console.print(f"The password is [bold]{PASSWORD}[/bold] for each. Ctrl-C stops everything.")
        self._console.print(f"The data is kept in {self._settings.data_dir}; remove that folder to start anew.")


def _write_history(into: Future[History]) -> None:
    from server.auth.passwords import hash_password

    try:
        into.set_result(example_history(hash_password(PASSWORD)))
    except BaseException as error:  # noqa: BLE001 # reason: whoever waits for the history is told
        into.set_exception(error)
