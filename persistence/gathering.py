"""Reads of streams that are asked for at the same moment, answered by one query.

When ten thousand clients come back at once, each asks for the position of two channels. A query of its own
for each would cost most of the time until everybody is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from channels.errors import PermissionDenied
from channels.names import ChannelKind, ChannelName
from channels.ports import StreamPage, Viewer
from persistence.database import Database
from persistence.queries import queries
from persistence.stream import BEYOND, PostgresStream, may_read, page_of

SQL = queries("stream")

AT_ONCE = 20
"""Pages that one query reads."""

QUERIES_AT_ONCE = 1
"""Of each kind of channel; meanwhile the next gather."""


@dataclass(frozen=True, slots=True)
class _Asked:
    channel_id: int
    after: int
    limit: int


Answer = asyncio.Future[StreamPage | None]


class _Kind:
    """What is asked of one kind of channel, and by whom."""

    __slots__ = ("beginning", "running", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[_Asked, list[Answer]] = {}
        self.beginning = False  # a query is about to take what waits
        self.running = 0


class GatheringStream(PostgresStream):
    """A read is part of a query that begins after it was asked for, so it is as fresh as one of its own.

    Receivers that ask for the same pages get the same publications, encoded once for all of them. The
    queries run in `tasks`, which the process owns: whoever gives up takes nothing from the others.
    """

    def __init__(self, database: Database, tasks: asyncio.TaskGroup) -> None:
        super().__init__(database)
        self._tasks = tasks
        self._kinds = {kind: _Kind() for kind in (ChannelKind.CUSTOMER, ChannelKind.AGENT)}
        self.queries = 0

    async def read(self, name: ChannelName, viewer: Viewer | None, after: int | None, limit: int) -> StreamPage:
        """See the port."""
        asked = _Asked(name.id, BEYOND, 0) if after is None else _Asked(name.id, after, limit)
        answer: Answer = asyncio.get_running_loop().create_future()
        kind = self._kinds[name.kind]
        kind.waiting.setdefault(asked, []).append(answer)
        self._start(name.kind, kind)
        page = await answer
        if page is None or not may_read(name, viewer, page):
            raise PermissionDenied(f"channel {name} is not yours to see")
        return page

    def _start(self, channel_kind: ChannelKind, kind: _Kind) -> None:
        if kind.waiting and not kind.beginning and kind.running < QUERIES_AT_ONCE:
            kind.beginning = True
            kind.running += 1
            self._tasks.create_task(self._answer(channel_kind, kind), name="read streams")

    async def _answer(self, channel_kind: ChannelKind, kind: _Kind) -> None:
        """Takes what waits when it begins, which is all that was asked for in the same turn of the loop."""
        taken = {asked: kind.waiting.pop(asked) for asked in list(kind.waiting)[:AT_ONCE]}
        kind.beginning = False
        self._start(channel_kind, kind)
        try:
            pages = await self._pages(channel_kind, taken)
            for asked, answers in taken.items():
                for answer in answers:
                    if not answer.done():
                        answer.set_result(pages.get(asked))
        except Exception as error:  # noqa: BLE001 # reason: every waiter is told, each with an error of its own
            for answer in (answer for answers in taken.values() for answer in answers):
                if not answer.done():
                    answer.set_exception(copy(error))
        finally:
            kind.running -= 1
            self._start(channel_kind, kind)

    async def _pages(self, kind: ChannelKind, taken: Iterable[_Asked]) -> Mapping[_Asked, StreamPage]:
        """None of what does not exist."""
        asked = list(taken)
        self.queries += 1
        columns = [one.channel_id for one in asked], [one.after for one in asked], [one.limit for one in asked]
        async with self._database.reading() as connection:
            rows = await connection.fetch(SQL[f"{kind}_pages"], *columns)
        return {
            asked[place - 1]: page_of(ChannelName(kind, asked[place - 1].channel_id), list(page))
            for place, page in groupby(rows, key=itemgetter("place"))
        }
