"""A session: one connection of one agent, from its first frame to its end.

Frames come in through `receive`, synchronously, in order; what goes out goes through the door. Commands of
a connection are handled one after the other by a task that lives only while there are some; pongs are
taken at once, so that a slow command never looks like a dead peer.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from os import urandom
from typing import Any

import structlog

from channels.buckets import Bucket, Verdict
from channels.errors import CasewireError, Unauthorized
from channels.names import ChannelKind, ChannelName, agent_channel
from channels.ports import Viewer
from channels.push import Push
from server.auth.authenticate import Caller, authenticate
from server.auth.tokens import TokenExpired
from server.realtime import codes
from server.realtime.answers import Goodbye, Refusal
from server.realtime.codecs.codec import Codec, Malformed, Request
from server.realtime.codes import Disconnect, ErrorCode, Unsubscribe, error_code
from server.realtime.door import Door, Sink
from server.realtime.heartbeat import NEVER
from server.realtime.limits import COMMANDS_WAITING, CONNECT_DEADLINE, INCOMING_LIMIT, UNUSABLE_DEADLINE
from server.realtime.packing import JoiningPacker, Packer
from server.services import Services

log = structlog.get_logger(__name__)

EXPIRY_GRACE = 25.0
"""Seconds that a connection outlives its token: clients refresh it at the very moment it expires."""

UNREFUSABLE = (None, "unsubscribe")
"""A pong has no answer, and a refused unsubscribe makes SDKs drop the connection."""


class State(StrEnum):
    """NEW until the connect reply; UNUSABLE after an error reply to connect."""

    NEW = "new"
    READY = "ready"
    UNUSABLE = "unusable"
    CLOSED = "closed"


Handler = Callable[["Session", Request], Awaitable[None]]
"""Answers one command; see `server.realtime.commands`."""


class Session:
    """The `Subscriber` of the hub for everything that this connection subscribes to."""

    pongs = True
    """Whether the client answers pings."""

    __slots__ = (
        "_deadline",
        "_end_at_deadline",
        "_entering",
        "_handler",
        "_held",
        "_ping_at",
        "_pong_due",
        "_waiting",
        "_working",
        "bucket",
        "caller",
        "client",
        "codec",
        "deliver",
        "door",
        "services",
        "slot",
        "state",
        "subscriptions",
    )

    def __init__(
        self, services: Services, codec: Codec, sink: Sink, handler: Handler, packer: Packer | None = None
    ) -> None:
        """`packer` makes what the sink writes; by default the payloads of frames."""
        self.services = services
        self.codec = codec
        self.client = urandom(16).hex()
        self.state = State.NEW
        self.caller: Caller | None = None
        self.subscriptions: dict[str, ChannelName] = {}
        self.door = Door(services.outbox, packer or JoiningPacker(codec), sink, self)
        self.deliver: Callable[[Sequence[Push]], None] = self.door.deliver
        self.slot: int | None = None
        self.bucket: Bucket | None = None
        self._handler = handler
        self._waiting: deque[tuple[Request, int]] | None = None
        self._held = 0  # bytes of the commands that wait
        self._entering = False  # its first commands wait at the turnstile
        self._working: asyncio.Task[None] | None = None
        self._ping_at = self._pong_due = NEVER
        self._expect(CONNECT_DEADLINE, codes.STALE)

    # Coming in

    def receive(self, data: bytes | str) -> None:
        if self.state is State.CLOSED:
            return
        try:
            requests = self.codec.decode(data)
        except Malformed:
            self.end(codes.MALFORMED)
            return
        share = len(data) // len(requests)
        for request in requests:
            if not self._take(request, share):
                return
        if self._waiting is not None and self._working is None and not self._entering:
            if self.state is State.NEW:
                self._entering = True
                if not self.services.sessions.entrance.enter(self._enter):
                    self._deadline = NEVER  # that there is a queue is not the client's fault
            else:
                self._begin(self._waiting)

    def _enter(self) -> None:
        """It is this one's turn among those who come."""
        self._entering = False
        if self.state is State.CLOSED or self._waiting is None:
            return
        if self._deadline == NEVER:
            self._expect(CONNECT_DEADLINE, codes.STALE)
        self._begin(self._waiting)

    def _begin(self, waiting: deque[tuple[Request, int]]) -> None:
        self._working = self.services.tasks.create_task(self._work(waiting), name="commands")

    def _take(self, request: Request, size: int) -> bool:
        """Lets a command wait for its turn, within the limits. False where the rest of its frame is void."""
        verdict = self.services.sessions.count_command(self)
        if verdict is Verdict.EXHAUSTED:
            self.end(codes.BUSY)
            return False
        if verdict is Verdict.REFUSED and request.method not in UNREFUSABLE:
            self.services.metrics.limited.labels("commands").inc()
            self.refuse(request, codes.TOO_MANY_REQUESTS)
            return self.state is not State.UNUSABLE
        if request.is_pong:
            self._pong_due = NEVER
            return True
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((request, size))
        self._held += size
        if len(self._waiting) > COMMANDS_WAITING or self._held > INCOMING_LIMIT:
            self.end(codes.BUSY)
            return False
        return True

    async def _work(self, waiting: deque[tuple[Request, int]]) -> None:
        try:
            while waiting and self.state is not State.CLOSED:
                request, size = waiting.popleft()
                self._held -= size
                await self._handle(request)
        finally:
            self._waiting = self._working = None
            self._held = 0

    async def _handle(self, request: Request) -> None:
        try:
            await self._handler(self, request)
        except Refusal as refusal:
            self.refuse(request, refusal.code)
        except Goodbye as goodbye:
            self.end(goodbye.end)
        except CasewireError as error:
            self.refuse(request, error_code(error))
        except Exception:  # reason: the supervised boundary of a command; the connection lives on
            log.exception("a command failed", method=request.method, client=self.client)
            self.refuse(request, codes.INTERNAL)

    # Going out

    def reply(self, request: Request, result: dict[str, object]) -> None:
        self.door.send(self.codec.reply(request.id, request.method or "", result))

    def refuse(self, request: Request, code: ErrorCode) -> None:
        if request.id:
            self.door.send(self.codec.error(request.id, code))
        if request.method == "connect" and self.state is State.NEW:
            self.state = State.UNUSABLE
            if self._waiting is not None:
                self._waiting.clear()
                self._held = 0
            self._expect(UNUSABLE_DEADLINE, codes.MALFORMED)

    def tell(self, push: Push) -> None:
        """Delivers a signal of the agent's own channel, which exists from the connect reply on."""
        if self.state is State.READY:
            self.deliver((push,))

    async def drained(self) -> None:
        await self.door.drained()

    def revoked(self, channel: str) -> None:
        """The hub has forgotten this receiver already."""
        if self.forget(channel):
            self.end_subscription(channel, codes.PERMISSION_REVOKED)

    def end_subscription(self, channel: str, end: Unsubscribe) -> None:
        """Tells the client of the end of a subscription that was forgotten here."""
        self.door.send(self.codec.unsubscribe(channel, end))

    def cut_off(self, end: Disconnect) -> None:
        """The door dropped the connection."""
        log.info("a connection was cut off", client=self.client, code=end.code, reason=end.reason)
        self.closed()

    # Who it is

    @property
    def viewer(self) -> Viewer:
        """As the directory knows the agent now, so that a changed role counts at once."""
        if self.caller is None:
            raise RuntimeError("nobody is connected")
        agent = self.services.directory.agent(self.caller.agent.id) or self.caller.agent
        return Viewer(agent, self.services.settings.visibility)

    async def authenticate(self, token: str) -> Caller:
        """Raises Goodbye for a token that is no good, and TokenExpired."""
        try:
            return await authenticate(self.services, token)
        except TokenExpired:
            raise
        except Unauthorized:
            raise Goodbye(codes.INVALID_TOKEN) from None

    @property
    def greeting(self) -> dict[str, Any]:
        """What the transport adds to the connect reply."""
        return {}

    def established(self, caller: Caller) -> None:
        """The connect reply has been sent."""
        self.state = State.READY
        now, interval = self.services.heartbeat.now(), self.services.settings.ping_interval
        # the first ping at a random moment, so that those who came together do not pong together
        self._ping_at = now + interval * random.uniform(0.5, 1)  # noqa: S311 # reason: no secret
        self.follow_expiry(caller)

    def follow_expiry(self, caller: Caller) -> None:
        """The connection ends a grace after its token, unless that is refreshed."""
        self.caller = caller
        left = (caller.expires_at - datetime.now(UTC)).total_seconds() + EXPIRY_GRACE
        self._expect(max(0.0, left), codes.EXPIRED)

    # Keep-alive (protocol.md §5) and deadlines: a `Watched` of the heartbeat

    def _expect(self, seconds: float, otherwise: Disconnect) -> None:
        """Ends the connection after some seconds, unless something else is expected by then."""
        heartbeat = self.services.heartbeat
        self._deadline, self._end_at_deadline = heartbeat.now() + seconds, otherwise
        heartbeat.watch(self)

    def due(self) -> float:
        return NEVER if self.state is State.CLOSED else min(self._deadline, self._pong_due, self._ping_at)

    def look(self, now: float) -> None:
        if self._deadline <= now:
            self.end(self._end_at_deadline)
        elif self._pong_due <= now:
            self.end(codes.NO_PONG)
        elif self._ping_at <= now:
            settings = self.services.settings
            self.door.send(self.codec.ping)
            if self.pongs:
                self._pong_due = now + settings.pong_timeout
            self._ping_at = max(self._ping_at, now - settings.ping_interval) + settings.ping_interval

    # The end

    def end(self, end: Disconnect) -> None:
        """Says goodbye and forgets the connection."""
        if self.state is not State.CLOSED:
            self.door.close(end)
            self.closed()

    def closed(self) -> None:
        """The connection is gone: every trace of it goes with it. May be called more than once."""
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self.door.shut()
        self.services.heartbeat.forget(self)
        if self._waiting is not None:
            self._waiting.clear()
        if self._working is not None and self._working is not asyncio.current_task():
            self._working.cancel()
        self.services.editing.closed(self)
        for channel in tuple(self.subscriptions):
            self.services.hub.leave(self, channel)
            self.forget(channel)
        if self.caller is not None:
            self.services.hub.leave(self, str(agent_channel(self.caller.agent.id)))
        self.services.sessions.remove(self)

    def forget(self, channel: str) -> bool:
        """Drops a subscription that the hub has forgotten, and tells the others that the viewer left."""
        name = self.subscriptions.pop(channel, None)
        if name is None:
            return False
        if name.kind is ChannelKind.CUSTOMER:
            self.services.presence.left(self, channel)
        return True
