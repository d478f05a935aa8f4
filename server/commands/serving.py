"""`casewire serve` and `casewire demo`."""

from __future__ import annotations

import typer


def serve() -> None:
    """Run the server. SIGTERM or Ctrl-C drains it and ends it within 10 seconds."""
    from server.logging import configure_logging
    from server.serve import serve as run
    from server.settings import Settings

    settings = Settings.load()
    configure_logging()

    import structlog

    log = structlog.get_logger("casewire")
    code = run(settings, say=log.info, announce=lambda address: log.info("serving", address=address))
    raise typer.Exit(code)


def demo() -> None:
    """Run a server of its own with example agents, customers and actions; prints its address and the logins."""
    from server.demo.command import run_demo
    from server.settings import Settings

    raise typer.Exit(run_demo(Settings.load()))
