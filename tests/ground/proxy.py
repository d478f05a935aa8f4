"""A fault proxy: stands between a client and a server, and cuts, holds or swallows what passes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

Dial = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def unix_socket(path: str) -> Dial:
    return lambda: asyncio.open_unix_connection(path)


def tcp(host: str, port: int) -> Dial:
    return lambda: asyncio.open_connection(host, port)


class _Turn:
    """Who spoke last on a connection, and whether the server's next words are swallowed and the connection cut."""

    def __init__(self) -> None:
        self.asked = False
        self.cut_next = False


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes each connection on to `dial`.

    - `cut()` ends all connections at once, with a reset.
    - `refuse` True: new connections are ended as soon as they come.
    - `hold()` stops passing anything on in either direction (a blackhole) until `resume()`; `hold_answers()` only what
      the server says.
    - `cut_within_next_answer()`: of the next bytes that the server sends on any connection half are passed on, and then
      that connection ends: in the middle of a frame, if it was one.
    - `cut_after_answer_to(text)`: the next time the client sends `text`, the server's answer is waited for
      and then, instead of being passed on, the connection is cut: done, but the client does not know.
      With `refuse_after_cut` it cannot come back either.
    - `dialled`: the ports, on this side, of its connections to a server by TCP.
    - `round_trips`: how often a client asked something after it had been answered, over all connections.
    """

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._upstream: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking, self._answering = asyncio.Event(), asyncio.Event()  # not set: that direction is held
        self.resume()
        self._trigger: bytes | None = None
        self._halve = False
        self.cuts = 0
        self.round_trips = 0
        self.refuse = False
        self.refuse_after_cut = False
        self.port = 0

    @property
    def dialled(self) -> frozenset[int]:
        names = [writer.get_extra_info("sockname") for writer in self._upstream]
        return frozenset(name[1] for name in names if isinstance(name, tuple))

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    def hold(self) -> None:
        self._asking.clear()
        self._answering.clear()

    def hold_answers(self) -> None:
        self._answering.clear()

    def resume(self) -> None:
        self._asking.set()
        self._answering.set()

    def cut_after_answer_to(self, text: bytes) -> None:
        self._trigger = text

    def cut_within_next_answer(self) -> None:
        self._halve = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.refuse:
                writer.transport.abort()
                return
            upstream_reader, upstream_writer = await self._dial()
            self._writers |= {writer, upstream_writer}
            self._upstream.add(upstream_writer)
            turn = _Turn()
            try:
                await _both(
                    self._pass_on(reader, upstream_writer, writer, turn, from_client=True),
                    self._pass_on(upstream_reader, writer, upstream_writer, turn, from_client=False),
                )
            finally:
                self._upstream.discard(upstream_writer)
                for side in (writer, upstream_writer):
                    self._writers.discard(side)
                    side.transport.abort()
        except OSError:
            writer.transport.abort()
        except asyncio.CancelledError:  # by the exit below; asyncio's server would log it as an error
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        turn: _Turn,
        *,
        from_client: bool,
    ) -> None:
        flowing = self._asking if from_client else self._answering
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await flowing.wait()
                if from_client and not turn.asked:
                    self.round_trips += 1
                turn.asked = from_client
                if self._halve and not from_client:
                    self._halve = False
                    self.cuts += 1
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    return
                if from_client and self._trigger is not None and self._trigger in data:
                    self._trigger = None
                    turn.cut_next = True
                elif not from_client and turn.cut_next:
                    self.cuts += 1
                    self.refuse = self.refuse or self.refuse_after_cut
                    back.transport.abort()
                    writer.transport.abort()
                    return
                writer.write(data)
                await writer.drain()


async def _both(first: Awaitable[None], second: Awaitable[None]) -> None:
    """Until one of the two ends."""
    tasks = [asyncio.ensure_future(first), asyncio.ensure_future(second)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def postgres_behind(url: str) -> Dial:
    """How to reach the PostgreSQL of an address whose host is a socket folder."""
    folder = parse_qs(urlsplit(url).query)["host"][0]
    return unix_socket(f"{folder}/.s.PGSQL.5432")


def postgres_through(url: str, proxy: Proxy) -> str:
    """The same database, by way of the proxy."""
    parts = urlsplit(url)
    return f"postgresql://{parts.username or 'postgres'}@127.0.0.1:{proxy.port}{parts.path}?sslmode=disable"
