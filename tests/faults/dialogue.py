"""The client protocol at its barest, whatever carries it: no reconnection and no state."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

from tests.faults.history import Json

Pushed = Callable[[str, str, Json], None]
"""Called with a channel, the kind of push and its body, before what came after it is looked at."""


class Gone(Exception):
    """The connection is gone, or an answer did not come; says why."""


class Rejected(Exception):
    """An error reply."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Asked:
    """A command under way: its answer, and whether whoever asked has taken it."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.taken = asyncio.Event()


class Dialogue(ABC):
    """`gone` says why it is; None while it lives. `greeting` is what `connect` was answered with, `reading` the task
    that takes what comes."""

    def __init__(self, pushed: Pushed) -> None:
        self._pushed = pushed
        self._ids = 0
        self._waiting: dict[int, _Asked] = {}
        self._sending: set[asyncio.Future[None]] = set()
        self.gone: str | None = None
        self.greeting: Json = {}
        self.reading: asyncio.Task[None] | None = None

    async def introduce(self, token: str, known: Json, within: float) -> Self:
        """Connects; `known` are the positions in channels that the server subscribes. Closed where that fails."""
        try:
            self.greeting = await self.request("connect", {"token": token, "subs": known}, within)
        except BaseException:
            await self.close()
            raise
        return self

    async def ended(self) -> None:
        """Returns when nothing comes any more."""
        if self.reading is not None:
            await asyncio.wait([self.reading])
            if not self.reading.cancelled():
                self.reading.result()

    async def request(self, method: str, params: Json, within: float) -> Json:
        """The result. Raises Rejected for an error reply, Gone where there was none."""
        if self.gone is not None:
            raise Gone(self.gone)
        self._ids += 1
        number, asked = self._ids, _Asked()
        self._waiting[number] = asked
        sending = asyncio.ensure_future(self.send(json.dumps({"id": number, method: params})))
        self._sending.add(sending)
        sending.add_done_callback(self._sent)
        try:
            async with asyncio.timeout(within):
                # where commands go by requests of their own, the answer may be there before we know that they arrived
                either: list[asyncio.Future[Any]] = [sending, asked.answer]
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not asked.answer.done():
                    await sending
                reply = await asked.answer
        except TimeoutError:
            raise Gone("no answer in time") from None
        finally:
            self._waiting.pop(number, None)
            asked.taken.set()
        if "error" in reply:
            raise Rejected(reply["error"]["code"], reply["error"]["message"])
        result: Json = reply[method]
        return result

    def _sent(self, sending: asyncio.Future[None]) -> None:
        self._sending.discard(sending)
        if not sending.cancelled():
            sending.exception()  # whoever asked may have its answer all the same

    async def handle(self, reply: dict[str, Any]) -> None:
        """What comes after it is gone is nobody's business."""
        if self.gone is not None:
            return
        if number := reply.get("id"):
            asked = self._waiting.get(number)
            if asked is not None and not asked.answer.done():
                asked.answer.set_result(reply)
                await asked.taken.wait()  # whoever asked goes on before what follows the reply is looked at
        elif push := reply.get("push"):
            if "disconnect" in push:
                self.end(f"{push['disconnect']['code']} {push['disconnect']['reason']}")
            kind = next(name for name in push if name != "channel")
            self._pushed(push.get("channel", ""), kind, push[kind])
        else:
            await self.pong()

    def end(self, why: str) -> None:
        self.gone = self.gone or why
        for asked in self._waiting.values():
            if not asked.answer.done():
                asked.answer.set_exception(Gone(why))
                asked.answer.exception()  # whoever waited may have given up

    @abstractmethod
    async def send(self, command: str) -> None:
        """Raises Gone."""

    @abstractmethod
    async def pong(self) -> None: ...

    @abstractmethod
    def abandon(self, why: str) -> None:
        """Has had enough of it."""

    @abstractmethod
    async def close(self) -> None: ...
