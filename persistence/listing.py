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
from functools import lru_cache
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
    text, parameters = _statement(_Shape.of(wanted, after))
    values: dict[str, Any] = {
        "reader": reader,
        "limit": limit,
        "key": after and after.key,
        "id": after and after.id,
        "words": _query(wanted.words),
        "priorities": wanted.priorities and list(wanted.priorities),
        "statuses": list(wanted.statuses),
        "archived": list(wanted.archived),
    }
    for number, assignee in enumerate(wanted.assignees or ()):
        values[f"assignee_{number}"] = assignee
    for status in wanted.statuses:
        values[f"status_{status}"] = status
    for archived in wanted.archived:
        values[f"archived_{archived}"] = archived
    return text, [values[parameter] for parameter in parameters]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a filter decides the text of the statement. `assignees`: None for everybody's, otherwise for each
    whether it is an agent."""

    sort: Sort
    assignees: tuple[bool, ...] | None
    statuses: tuple[Status, ...]
    archived: tuple[bool, ...]
    words: bool
    priorities: bool
    unread_only: bool
    continued: bool

    @classmethod
    def of(cls, wanted: Filter, after: Place | None) -> _Shape:
        return cls(
            sort=wanted.sort,
            assignees=None if wanted.assignees is None else tuple(who is not None for who in wanted.assignees),
            statuses=wanted.statuses,
            archived=wanted.archived,
            words=bool(wanted.words),
            priorities=wanted.priorities is not None,
            unread_only=wanted.unread_only,
            continued=after is not None,
        )


@lru_cache(1024)
def _statement(shape: _Shape) -> tuple[str, Sequence[str]]:
    """The text, and the names of the values that are its parameters."""
    statement = _Statement()
    tail = list(_tail(statement, shape))
    select = SQL[f"select_by_{shape.sort.column}"]
    ranges = ["\n".join([select, where, *tail]) for where in _ranges(statement, shape)]
    rows = ranges[0]
    if len(ranges) > 1:
        merged = "\nUNION ALL\n".join(f"({one})" for one in ranges)
        rows = f"{merged}\n{tail[-1]}"
    page = statement.bind(SQL[f"page_by_{shape.sort.column}"])
    return f"{page} (\n{rows}\n) AS p\n{_order(shape.sort)}", statement.parameters


def _ranges(statement: _Statement, shape: _Shape) -> Iterator[str]:
    if shape.words and shape.assignees is None:
        yield statement.bind(SQL["matches"])
        return
    assignees = range(1) if shape.assignees is None else range(len(shape.assignees))
    for number, status, archived in product(assignees, shape.statuses, shape.archived):
        one = {"status": f"status_{status}", "archived": f"archived_{archived}"}
        if shape.assignees is None:
            yield statement.bind(SQL["range_of_all"], **one)
        elif shape.assignees[number]:
            yield statement.bind(SQL["range_of_agent"], assignee=f"assignee_{number}", **one)
        else:
            yield statement.bind(SQL["range_of_nobody"], **one)


def _tail(statement: _Statement, shape: _Shape) -> Iterator[str]:
    """What every range ends with: conditions, order and limit."""
    if shape.words and shape.assignees is not None:
        yield statement.bind(SQL["only_matching"])
    if shape.priorities:
        yield statement.bind(SQL["only_priorities"])
    if shape.unread_only:
        yield statement.bind(SQL["only_unread"])
    if shape.continued:
        yield statement.bind(SQL[f"after_by_{shape.sort.column}_{shape.sort.direction}"])
    yield statement.bind(SQL[f"cut_{shape.sort.direction}"])


def _query(words: Sequence[str]) -> str:
    """As PostgreSQL's to_tsquery reads it: words that begin so, all of them. No quote can be in a word."""
    return " & ".join(f"'{word}':*" for word in words)


def _order(sort: Sort) -> str:
    """The order once more, without the limit: a subquery promises none."""
    return SQL[f"cut_{sort.direction}"].partition("\n")[0]


class _Statement:
    """Numbers the parameters of the blocks of one statement; those of the same name share a number."""

    def __init__(self) -> None:
        self.parameters: list[str] = []

    def bind(self, block: str, **names: str) -> str:
        """The block with its placeholders numbered; `names` renames those that stand for one value of several."""
        return _PLACEHOLDER.sub(lambda match: f"${self._number(names.get(match[1], match[1]))}", block)

    def _number(self, name: str) -> int:
        if name not in self.parameters:
            self.parameters.append(name)
        return self.parameters.index(name) + 1
