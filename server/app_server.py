"""One process's uvicorn: our settings, our signals, and a shutdown that says goodbye before it hangs up."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from server.app import create_app
from server.http_protocol import http_protocol
from server.realtime.drain import drain
from server.services import Services
from server.settings import Settings
from server.signals import StopSignals

log = structlog.get_logger(__name__)

BACKLOG = 4096
KEEP_ALIVE = 75
"""Seconds that an idle HTTP connection is kept: longer than load balancers do, so that they close first."""

GRACE = 5
"""Seconds that requests under way get to finish after a signal, in which the realtime clients are sent elsewhere."""

GARBAGE_THRESHOLDS = (5_000, 20, 50)

FAILED = 1


class AppServer(uvicorn.Server):
    """Serves until SIGTERM or SIGINT, then drains. `on_ready` is called once, when requests are answered."""

    def __init__(self, settings: Settings, on_ready: Callable[[], None]) -> None:
        self.app: FastAPI = create_app(settings)
        super().__init__(
            uvicorn.Config(
                self.app,
                http=http_protocol(),
                ws="websockets-sansio",  # any but none: upgrades are then ours to answer
                lifespan="on",
                log_config=None,
                access_log=False,
                backlog=BACKLOG,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._on_ready = on_ready

    async def run_until_stopped(self, sockets: list[socket.socket], signals: StopSignals) -> int:
        """The exit code of the process: 0 after a signal, 1 where the application failed or did not start."""
        with signals.stopping(self.stop):
            try:
                await self.serve(sockets)
            except SystemExit:  # uvicorn's way of saying that the lifespan did not start; it has logged why
                return FAILED
        return FAILED if self._services is not None and self._services.failure is not None else 0

    def stop(self) -> None:
        """Starts to drain; called again, no longer waits for requests under way."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tells `on_ready` as soon as requests are taken."""
        await super().startup(sockets)
        _calm_the_garbage_collector()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets nobody new in, drains, and gives the requests under way what is left of the time."""
        for listener in self.servers:
            listener.close()
        if self._services is not None:
            began = time.monotonic()
            await drain(self._services, lambda: self.force_exit)
            self.config.timeout_graceful_shutdown = max(1, round(GRACE - (time.monotonic() - began)))
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are handled by StopSignals, from before the start to after the end."""
        yield

    @property
    def _services(self) -> Services | None:
        return getattr(self.app.state, "services", None)


def _calm_the_garbage_collector() -> None:
    """What was made until now stays to the end and need not be searched again; and with tens of thousands of
    connections, which are no garbage, seven hundred new objects are no reason to search."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
