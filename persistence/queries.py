"""SQL lives in `.sql` files, as blocks headed `-- name: some_query`, and is read once at import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

_HEADER = re.compile(r"^-- name: ([a-z0-9_]+)[ \t]*$", re.MULTILINE)


def queries(name: str) -> Mapping[str, str]:
    """The named blocks of `persistence/sql/<name>.sql`."""
    parts = _HEADER.split(files("persistence").joinpath("sql", f"{name}.sql").read_text("utf-8"))
    names, texts = parts[1::2], parts[2::2]
    if len(names) != len(set(names)):
        raise ValueError(f"sql/{name}.sql names a query twice")
    return {query: text.strip() for query, text in zip(names, texts, strict=True)}
