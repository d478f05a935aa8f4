"""The stream of every channel, read from PostgreSQL: the truth behind the bus (port `channels.ports.Stream`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from channels.errors import PermissionDenied
from channels.names import ChannelKind, ChannelName
from channels.notice import Notice, NoticeType
from channels.ports import StreamPage, Viewer
from channels.push import action_publication, notice_publication
from persistence.database import Database
from persistence.queries import queries
from persistence.rows import Row, action_from

SQL = queries("stream")

BEYOND = 2**62
"""An offset that no channel reaches: where a page that goes back starts from the top."""


class PostgresStream:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def epoch(self) -> str:
        async with self._database.reading() as connection:
            return str(await connection.fetchval(SQL["epoch"]))

    async def read(self, name: ChannelName, viewer: Viewer | None, after: int | None, limit: int) -> StreamPage:
        """See the port. One query, so that the top, the permission and the publications are of one moment."""
        if after is None:
            after, limit = BEYOND, 0
        return await self._page(name, viewer, "", after, limit)

    async def read_back(self, name: ChannelName, viewer: Viewer | None, before: int | None, limit: int) -> StreamPage:
        """The publications before an offset (None: from the top), descending."""
        return await self._page(name, viewer, "_back", BEYOND if before is None else before, limit)

    async def _page(self, name: ChannelName, viewer: Viewer | None, way: str, offset: int, limit: int) -> StreamPage:
        async with self._database.reading() as connection:
            rows = await connection.fetch(SQL[f"{name.kind}_page{way}"], name.id, offset, limit)
        page = page_of(name, rows) if rows else None
        if page is None or not may_read(name, viewer, page):
            raise PermissionDenied(f"channel {name} is not yours to see")
        return page

    async def ahead(self, positions: Sequence[tuple[ChannelName, int]]) -> tuple[str, Mapping[str, int]]:
        """See the port. One query for all open channels; only those that are behind come back."""
        columns: dict[ChannelKind, tuple[list[int], list[int]]] = {kind: ([], []) for kind in ChannelKind}
        for name, offset in positions:
            ids, offsets = columns[name.kind]
            ids.append(name.id)
            offsets.append(offset)
        async with self._database.reading() as connection:
            rows = await connection.fetch(SQL["ahead"], *columns[ChannelKind.CUSTOMER], *columns[ChannelKind.AGENT])
        return rows[0]["epoch"], {f"{row['kind']}:{row['id']}": row["offset"] for row in rows if row["id"] is not None}


def page_of(name: ChannelName, rows: Sequence[Row]) -> StreamPage:
    """The page that a query's rows make; there is at least one, without a publication where nothing follows."""
    first = rows[0]
    if name.kind is ChannelKind.CUSTOMER:
        pushes = [action_publication(action_from(row)) for row in rows if row["offset"] is not None]
        return StreamPage(first["epoch"], first["top"], pushes, first["assigned_to"])
    pushes = [notice_publication(_notice_from(name.id, row)) for row in rows if row["notice_offset"] is not None]
    return StreamPage(first["epoch"], first["top"], pushes)


def may_read(name: ChannelName, viewer: Viewer | None, page: StreamPage) -> bool:
    """Whether a viewer (None: the server itself) may see a channel of which this page was read."""
    if viewer is None:
        return True
    if name.kind is ChannelKind.CUSTOMER:
        return viewer.agent.may_see(page.assigned_to, viewer.visibility)
    return viewer.agent.id == name.id


def _notice_from(agent_id: int, row: Row) -> Notice:
    return Notice(agent_id, row["notice_offset"], NoticeType(row["type"]), action_from(row), row["noticed_at"])
