"""The statement of one page of the list, put together from the blocks of `sql/customers.sql`.

No value is ever written into the text: `:name` in a block stands for a value, which becomes a parameter.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product
from typing import Any

from channels.customer import Priority, Status
from channels.errors import InvalidRequest
from persistence.queries import queries

SQL = queries("customers")

MAX_WORDS = 10
_PLACEHOLDER = re.compile(r"(?<!:):([a-z_]+)")
_SEPARATORS = str.maketrans(dict.fromkeys(string.punctuation + "\0", " "))


class Sort(StrEnum):
    """The orders of the list; a leading `-` means descending. Names are ordered without regard to case."""

    LATEST = "-updated_at"
    LONGEST_UNCHANGED = "updated_at"
    NAME = "name"
    NAME_DESCENDING = "-name"

    @classmethod
    def parse(cls, text: str) -> Sort:
        """Raises InvalidRequest."""
        try:
            return cls(text)
        except ValueError:
            raise InvalidRequest.of("sort", f"must be one of {', '.join(cls)}") from None

    @property
    def column(self) -> str:
        return "name" if self in (Sort.NAME, Sort.NAME_DESCENDING) else "updated"

    @property
    def direction(self) -> str:
        return "descending" if self.startswith("-") else "ascending"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which customers the list shows, and in which order.

    `assignees`: None for everybody's; otherwise ids, and None among them for unassigned customers.
    `words`: each must begin a word of the customer's name, ref or e-mail address.
    """

    sort: Sort
    assignees: tuple[int | None, ...] | None
    statuses: tuple[Status, ...]
    archived: tuple[bool, ...]
    words: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] | None = None
    unread_only: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the sort key and the id of its last row."""

    key: datetime | str
    id: int


def search_words(text: str | None) -> tuple[str, ...]:
    """The words of what somebody typed, lower-cased, cut where the `search` column cuts. At most MAX_WORDS."""
    if text is None:
        return ()
    clean = text.encode("utf-8", "ignore").decode().translate(_SEPARATORS)
    return tuple(dict.fromkeys(clean.lower().split()))[:MAX_WORDS]


def page_statement(wanted: Filter, *, reader: int, after: Place | None, limit: int) -> tuple[str, Sequence[Any]]:
    """The text of a page and its parameters. `reader`: the agent whose unread actions are counted."""
    statement = _Statement()
    tail = list(_tail(statement, wanted, reader=reader, after=after, limit=limit))
    select = SQL[f"select_by_{wanted.sort.column}"]
    ranges = ["\n".join([select, where, *tail]) for where in _ranges(statement, wanted)]
    rows = ranges[0]
    if len(ranges) > 1:
        merged = "\nUNION ALL\n".join(f"({one})" for one in ranges)
        rows = f"{merged}\n{tail[-1]}"
    return f"{statement.bind(SQL['page'], reader=reader)} (\n{rows}\n) AS p\n{_order(wanted.sort)}", statement.values


def _ranges(statement: _Statement, wanted: Filter) -> Iterator[str]:
    if wanted.words and wanted.assignees is None:
        yield statement.bind(
            SQL["matches"],
            words=_query(wanted.words),
            statuses=list(wanted.statuses),
            archived=list(wanted.archived),
        )
        return
    for assignee, status, archived in product(wanted.assignees or (None,), wanted.statuses, wanted.archived):
        if wanted.assignees is None:
            yield statement.bind(SQL["range_of_all"], status=status, archived=archived)
        elif assignee is None:
            yield statement.bind(SQL["range_of_nobody"], status=status, archived=archived)
        else:
            yield statement.bind(SQL["range_of_agent"], assignee=assignee, status=status, archived=archived)


def _tail(statement: _Statement, wanted: Filter, *, reader: int, after: Place | None, limit: int) -> Iterator[str]:
    """What every range ends with: conditions, order and limit."""
    if wanted.words and wanted.assignees is not None:
        yield statement.bind(SQL["only_matching"], words=_query(wanted.words))
    if wanted.priorities is not None:
        yield statement.bind(SQL["only_priorities"], priorities=list(wanted.priorities))
    if wanted.unread_only:
        yield statement.bind(SQL["only_unread"], reader=reader)
    if after is not None:
        yield statement.bind(SQL[f"after_by_{wanted.sort.column}_{wanted.sort.direction}"], key=after.key, id=after.id)
    yield statement.bind(SQL[f"cut_{wanted.sort.direction}"], limit=limit)


def _query(words: Sequence[str]) -> str:
    """As PostgreSQL's to_tsquery reads it: words that begin so, all of them. No quote can be in a word."""
    return " & ".join(f"'{word}':*" for word in words)


def _order(sort: Sort) -> str:
    """The order once more, without the limit: a subquery promises none."""
    return SQL[f"cut_{sort.direction}"].partition("\n")[0]


class _Statement:
    """Numbers the parameters of the blocks of one statement; equal names with equal values share a number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def bind(self, block: str, **values: Any) -> str:
        return _PLACEHOLDER.sub(lambda match: f"${self._number(match[1], values[match[1]])}", block)

    def _number(self, name: str, value: Any) -> int:
        known = self._numbers.get((name, repr(value)))
        if known is not None:
            return known
        self.values.append(value)
        self._numbers[name, repr(value)] = len(self.values)
        return len(self.values)
