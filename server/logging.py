"""Logs: one JSON object per line, or readable lines on a terminal. Never a token, a password or a body."""

from __future__ import annotations

import logging
import logging.config
import re
import sys
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import Processor

from channels.times import rfc3339

SECRET = re.compile(r"token|password|secret|authorization|cookie|body|api_?key", re.IGNORECASE)
_QUERY = re.compile(r"\?[^\s\"']*")


def configure_logging(level: str = "INFO", *, stream: TextIO = sys.stderr, console: bool | None = None) -> None:
    """Sends our own logs and those of the libraries to `stream`.

    `console` None: readable lines where the stream is a terminal, JSON otherwise.
    """
    # plain tracebacks: richer ones would show local variables, among them tokens and bodies
    readable = stream.isatty() if console is None else console
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    shown: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if readable
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=[*shared, without_queries],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # they bring handlers of their own
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    logging.captureWarnings(True)


def log_request(**fields: Any) -> None:
    """One line for a request, to the same place as all others, in a tenth of the time: there is one for each request,
    so it passes no processors. The names of the fields must be harmless; `redact` does not see them."""
    logger = logging.getLogger("casewire.access")
    if logger.isEnabledFor(logging.INFO):
        logger.handle(_RequestRecord(fields))


class _RequestRecord(logging.LogRecord):
    """What handlers look at, and no more: nobody wants to know from which line of our code a request was logged."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.name, self.levelno, self.levelname = "casewire.access", logging.INFO, "INFO"
        self.msg, self.args, self.fields = "request", (), fields
        self.exc_info = self.exc_text = self.stack_info = None
        self.pathname = self.filename = self.module = self.funcName = ""
        self.created, self.msecs, self.lineno = time.time(), 0, 0


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        if not isinstance(record, _RequestRecord):
            return super().format(record)
        event: dict[str, Any] = {
            "event": "request",
            **record.fields,
            "logger": record.name,
            "level": "info",
            "timestamp": rfc3339(datetime.now(UTC)),
        }
        return str(self.processors[-1](None, "info", event))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blanks values whose name says that they are nobody's business."""
    for name in event:
        if SECRET.search(name):
            event[name] = "…"
    return event


def without_queries(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cuts query strings out of the libraries' messages: a URL may carry a token."""
    event["event"] = _QUERY.sub("", str(event["event"]))
    return event


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()
