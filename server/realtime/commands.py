"""The commands of a client that is connected: subscribe, unsubscribe, presence, history, rpc."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from channels.errors import DatabaseUnavailable, PermissionDenied
from channels.hub import Joined, Unrecoverable
from channels.names import MAX_LENGTH, ChannelKind, ChannelName
from server.realtime import codes
from server.realtime.answers import Goodbye, Refusal, position_of, publication, subscribe_result
from server.realtime.codecs.codec import Request
from server.realtime.connecting import connect, refresh
from server.realtime.limits import SUBSCRIPTIONS
from server.realtime.methods import call
from server.realtime.session import Session, State

REJECT_UNRECOVERED = 2
HISTORY_LIMIT = 300


async def handle(session: Session, request: Request) -> None:
    """Answers one command. Raises Refusal, Goodbye and the errors of `channels.errors`."""
    if request.id == 0 or request.method is None:
        if request.method == "send":
            raise Goodbye(codes.UNSUPPORTED)
        raise Goodbye(codes.MALFORMED)
    if session.state is State.UNUSABLE or (session.state is State.NEW) != (request.method == "connect"):
        raise Goodbye(codes.MALFORMED)
    command = _COMMANDS.get(request.method)
    if command is None:
        raise Refusal(codes.NOT_AVAILABLE)
    await command(session, request)


# Subscribing


async def _subscribe(session: Session, request: Request) -> None:
    name = _channel(request)
    channel = str(name)
    params = request.params
    if params.get("tf") is not None:
        raise Refusal(codes.BAD_REQUEST)  # ignoring the filter would deliver what it keeps out
    if params.get("type"):
        raise Refusal(codes.NOT_AVAILABLE)
    _check_kind(session, name)
    if channel in session.subscriptions:
        raise Refusal(codes.ALREADY_SUBSCRIBED)
    if len(session.subscriptions) >= SUBSCRIPTIONS:
        raise Refusal(codes.LIMIT_EXCEEDED)
    since = position_of(params) if name.recoverable else None
    flag = params.get("flag", 0)

    def answer(joined: Joined) -> None:
        session.subscriptions[channel] = name
        session.reply(request, subscribe_result(joined, since, name))

    try:
        await session.services.hub.join(
            session,
            name,
            since,
            answer,
            reject_unrecovered=isinstance(flag, int) and bool(flag & REJECT_UNRECOVERED),
            curious=params.get("join_leave") is True,
        )
    except Unrecoverable:
        raise Refusal(codes.UNRECOVERABLE_POSITION) from None
    except (DatabaseUnavailable, PermissionDenied) as error:
        lost = isinstance(error, DatabaseUnavailable)
        if session.forget(channel):  # answered already, while the rest of what was missed was read
            session.end_subscription(channel, codes.POSITION_LOST if lost else codes.PERMISSION_REVOKED)
            return
        raise Refusal(codes.INTERNAL if lost else codes.PERMISSION_DENIED) from None
    if name.kind is ChannelKind.CUSTOMER and channel in session.subscriptions:
        session.services.presence.joined(session, channel)


def _check_kind(session: Session, name: ChannelName) -> None:
    own = session.caller is not None and name.id == session.caller.agent.id
    if name.kind is ChannelKind.AGENT:
        raise Refusal(codes.ALREADY_SUBSCRIBED if own else codes.PERMISSION_DENIED)
    if name.kind is ChannelKind.WORK and not own:
        raise Refusal(codes.PERMISSION_DENIED)


def _channel(request: Request) -> ChannelName:
    text = request.params.get("channel")
    if not isinstance(text, str) or not text:
        raise Goodbye(codes.MALFORMED)
    if len(text) > MAX_LENGTH:
        raise Refusal(codes.BAD_REQUEST)
    name = ChannelName.parse(text)
    if name is None:
        raise Refusal(codes.UNKNOWN_CHANNEL)
    return name


async def _unsubscribe(session: Session, request: Request) -> None:
    channel = request.params.get("channel")
    if not isinstance(channel, str) or not channel:
        raise Goodbye(codes.MALFORMED)
    if channel in session.subscriptions:
        session.services.hub.leave(session, channel)
        session.forget(channel)
    session.reply(request, {})


# Asking


async def _presence(session: Session, request: Request) -> None:
    viewers = await session.services.presence.clients(await _visible_customer(session, request))
    session.reply(request, {"presence": viewers})


async def _presence_stats(session: Session, request: Request) -> None:
    viewers = await session.services.presence.clients(await _visible_customer(session, request))
    users = {info["user"] for info in viewers.values()}
    session.reply(request, {"num_clients": len(viewers), "num_users": len(users)})


async def _visible_customer(session: Session, request: Request) -> str:
    name = _channel(request)
    if name.kind is not ChannelKind.CUSTOMER:
        raise Refusal(codes.NOT_AVAILABLE)
    if str(name) not in session.subscriptions:
        await session.services.stream.read(name, session.viewer, None, 0)
    return str(name)


async def _history(session: Session, request: Request) -> None:
    name, params = _channel(request), request.params
    if not name.recoverable:
        raise Refusal(codes.NOT_AVAILABLE)
    limit, reverse, since = params.get("limit", 0), params.get("reverse") is True, params.get("since")
    if not isinstance(limit, int) or not isinstance(since, dict | None):
        raise Refusal(codes.BAD_REQUEST)
    limit = HISTORY_LIMIT if limit < 0 else min(limit, HISTORY_LIMIT)
    position = None if since is None else position_of({**since, "recover": True})
    if reverse and position is not None and position.offset == 0:
        raise Refusal(codes.BAD_REQUEST)
    stream = session.services.stream
    offset = None if position is None else position.offset
    if reverse:
        page = await stream.read_back(name, session.viewer, offset, limit)
    else:
        page = await stream.read(name, session.viewer, offset or 0, limit)
    if position is not None and position.epoch not in ("", page.epoch):
        raise Refusal(codes.UNRECOVERABLE_POSITION)
    publications = [publication(push) for push in page.pushes]
    session.reply(request, {"publications": publications, "epoch": page.epoch, "offset": page.top})


# Calling


async def _rpc(session: Session, request: Request) -> None:
    method = request.params.get("method")
    if not isinstance(method, str):
        raise Refusal(codes.BAD_REQUEST)
    result = await call(session, method, request.params.get("data"))
    session.reply(request, {"data": result})


async def _publish(_session: Session, _request: Request) -> None:
    raise PermissionDenied("clients write by rpc")


async def _sub_refresh(session: Session, request: Request) -> None:
    """Subscriptions have no tokens here: they last as long as the right does."""
    if request.params.get("channel") not in session.subscriptions:
        raise Refusal(codes.PERMISSION_DENIED)
    raise Refusal(codes.NOT_AVAILABLE)


_COMMANDS: dict[str, Callable[[Session, Request], Awaitable[None]]] = {
    "connect": connect,
    "refresh": refresh,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "presence": _presence,
    "presence_stats": _presence_stats,
    "history": _history,
    "rpc": _rpc,
    "publish": _publish,
    "sub_refresh": _sub_refresh,
}
