"""Connections that only listen: for `curl`, scripts and devices without an SDK. One request in, pushes out.

They are sessions like all others, with another codec, no pongs, and all their subscriptions made at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from channels.errors import DatabaseUnavailable, PermissionDenied
from channels.hub import Joined
from channels.names import ChannelKind, ChannelName, agent_channel
from channels.ports import Position
from channels.push import Push
from server.auth.authenticate import Caller
from server.realtime import codes
from server.realtime.answers import position_of, subscribe_result
from server.realtime.arrivals import admit_to_stream, body_of, connect_of
from server.realtime.codecs.codec import Codec
from server.realtime.codecs.codec import Request as Command
from server.realtime.codecs.unidirectional import UNIDIRECTIONAL
from server.realtime.codes import ErrorCode, Unsubscribe
from server.realtime.connecting import admit, asked_subscriptions, connect_result, lost
from server.realtime.door import Sink
from server.realtime.limits import SUBSCRIPTIONS
from server.realtime.packing import Packer
from server.realtime.session import Session, State
from server.realtime.streams import StreamKind, StreamResponse, events, lines
from server.services import Services

router = APIRouter(include_in_schema=False)

LINES = StreamKind(UNIDIRECTIONAL, "application/json", lines)
EVENTS = StreamKind(UNIDIRECTIONAL, "text/event-stream", events, b"\r\n")


@router.get("/connection/uni_sse")
@router.post("/connection/uni_sse")
async def open_sse(request: Request) -> Response:
    """Server-sent events for listeners; the connect request comes as a query parameter or as the body."""
    admit_to_stream(request)
    return StreamResponse(EVENTS, await connect_of(request), Listener)


@router.post("/connection/uni_http_stream")
async def open_http_stream(request: Request) -> Response:
    """A stream of lines for listeners; the body is the connect request."""
    admit_to_stream(request)
    return StreamResponse(LINES, await body_of(request), Listener)


class Listener(Session):
    """What comes before the connect push is held back until that was sent."""

    pongs = False

    def __init__(self, services: Services, codec: Codec, sink: Sink, packer: Packer | None = None) -> None:
        super().__init__(services, codec, sink, _connect, packer)
        self._asked = False
        self._early: list[Push | bytes] = []
        self.deliver = self._tell
        self._greeted = asyncio.Event()

    def receive(self, data: bytes | str) -> None:
        """The first message counts; a WebSocket may bring more."""
        if not self._asked:
            self._asked = True
            super().receive(data)

    def refuse(self, _request: Command, code: ErrorCode) -> None:
        """There are no replies: the connection ends with the code that says why."""
        self.end(codes.disconnect_for(code))

    def end_subscription(self, channel: str, end: Unsubscribe) -> None:
        self._tell((self.codec.unsubscribe(channel, end),))

    def _tell(self, messages: Sequence[Push | bytes]) -> None:
        if self.state is State.NEW:
            self._early.extend(messages)
        else:
            self.door.deliver(messages)

    async def drained(self) -> None:
        """So that a long recovery waits as well."""
        await self._greeted.wait()
        await super().drained()

    def established(self, caller: Caller) -> None:
        """Lets out what was held back."""
        super().established(caller)
        early, self._early = self._early, []
        self._tell(early)
        self._greeted.set()


class _Greeting:
    """The connect push, sent when every subscription was answered or given up."""

    def __init__(self, session: Listener, request: Command, caller: Caller, names: list[ChannelName]) -> None:
        self._session = session
        self._request = request
        self._caller = caller
        self._missing = set(names)
        self._results: dict[str, Any] = {}

    def answered(self, name: ChannelName, result: dict[str, Any]) -> None:
        self._results[str(name)] = result
        self.without(name)

    def without(self, name: ChannelName) -> None:
        self._missing.discard(name)
        session = self._session
        if not self._missing and session.state is State.NEW:
            session.reply(self._request, connect_result(session, self._caller, self._results))
            session.established(self._caller)


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: ChannelName
    since: Position | None
    curious: bool


async def _connect(session: Session, request: Command) -> None:
    assert isinstance(session, Listener)  # noqa: S101 # reason: the handler of listeners alone
    caller = await admit(session, request)
    wanted = _wanted(caller, asked_subscriptions(request))
    greeting = _Greeting(session, request, caller, [each.name for each in wanted])
    complete = True
    try:
        async with asyncio.TaskGroup() as joining:
            for each in wanted:
                joining.create_task(_join(session, each, greeting))
    except* DatabaseUnavailable:
        complete = False
    if not complete:
        lost(session)


def _wanted(caller: Caller, asked: dict[str, dict[str, Any]]) -> list[_Wanted]:
    """The agent's own channel, and of what was asked for as much as there may be."""
    inbox = str(agent_channel(caller.agent.id))
    wanted = []
    for channel, params in {inbox: {}, **asked}.items():
        name = ChannelName.parse(channel)
        if name is not None and (name.kind is ChannelKind.CUSTOMER or name.id == caller.agent.id):
            since = position_of(params) if name.recoverable else None
            wanted.append(_Wanted(name, since, params.get("join_leave") is True))
    return wanted[: SUBSCRIPTIONS + 1]


async def _join(session: Listener, wanted: _Wanted, greeting: _Greeting) -> None:
    name, channel = wanted.name, str(wanted.name)

    def answer(joined: Joined) -> None:
        if name.kind is not ChannelKind.AGENT:
            session.subscriptions[channel] = name
        greeting.answered(name, subscribe_result(joined, wanted.since, name))

    try:
        await session.services.hub.join(session, name, wanted.since, answer, curious=wanted.curious)
    except PermissionDenied:
        if session.forget(channel):  # while what was missed was read
            session.end_subscription(channel, codes.PERMISSION_REVOKED)
        greeting.without(name)
    if name.kind is ChannelKind.CUSTOMER and channel in session.subscriptions:
        session.services.presence.joined(session, channel)
