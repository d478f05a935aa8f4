"""The commands by which a client says who it is: connect, and refresh before its token expires."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NoReturn

from channels.errors import DatabaseUnavailable
from channels.hub import Joined
from channels.names import agent_channel
from server.auth.authenticate import Caller
from server.auth.tokens import TokenExpired
from server.realtime import codes
from server.realtime.answers import Goodbye, Refusal, position_of, subscribe_result
from server.realtime.codecs.codec import Request
from server.realtime.session import Session, State
from server.version import VERSION


async def connect(session: Session, request: Request) -> None:
    """The first command: admits the caller, subscribes it to its own channel, and answers with both."""
    caller = await admit(session, request)
    inbox = agent_channel(caller.agent.id)
    known = asked_subscriptions(request).get(str(inbox))
    since = None if known is None else position_of(known)

    def answer(joined: Joined) -> None:
        session.reply(request, connect_result(session, caller, {str(inbox): subscribe_result(joined, since, inbox)}))
        session.established(caller)

    try:
        await session.services.hub.join(session, inbox, since, answer)
    except DatabaseUnavailable:
        lost(session)


async def admit(session: Session, request: Request) -> Caller:
    """Who connects, counted among the connections from now on."""
    if session.services.draining:
        raise Goodbye(codes.SHUTDOWN)
    try:
        caller = await session.authenticate(_token(request))
    except TokenExpired:
        raise Refusal(codes.TOKEN_EXPIRED) from None
    if not await session.services.sessions.admit(session, caller):
        raise Goodbye(codes.CONNECTION_LIMIT)
    session.caller = caller
    if session.services.draining:  # since a moment ago: those who were there then have been told
        raise Goodbye(codes.SHUTDOWN)
    return caller


def asked_subscriptions(request: Request) -> dict[str, dict[str, Any]]:
    """The positions in server-side subscriptions that the client remembers."""
    asked = request.params.get("subs")
    if not isinstance(asked, dict):
        return {}
    return {channel: params for channel, params in asked.items() if isinstance(params, dict)}


def connect_result(session: Session, caller: Caller, subscriptions: dict[str, Any]) -> dict[str, Any]:
    """A ConnectResult (protocol.md §4)."""
    return {
        "client": session.client,
        "version": VERSION,
        "ping": round(session.services.settings.ping_interval),
        "pong": session.pongs,
        **_expiry(caller),
        "subs": subscriptions,
        **session.greeting,
    }


def lost(session: Session) -> NoReturn:
    """The database failed a client that was connecting. One that has its answer already cannot keep its position."""
    if session.state is State.READY:
        raise Goodbye(codes.INSUFFICIENT_STATE)
    raise Refusal(codes.INTERNAL)


async def refresh(session: Session, request: Request) -> None:
    """A new token in place of the one that runs out; it must be the same agent's."""
    try:
        caller = await session.authenticate(_token(request))
    except TokenExpired:
        raise Goodbye(codes.EXPIRED) from None  # error 109 would be terminal here
    if session.caller is None or caller.agent.id != session.caller.agent.id:
        raise Goodbye(codes.INVALID_TOKEN)
    session.services.sessions.renew(session, caller)
    session.follow_expiry(caller)
    session.reply(request, _expiry(caller))


def _token(request: Request) -> str:
    token = request.params.get("token")
    if not isinstance(token, str) or not token:
        raise Goodbye(codes.INVALID_TOKEN)
    return token


def _expiry(caller: Caller) -> dict[str, Any]:
    left = (caller.expires_at - datetime.now(UTC)).total_seconds()
    return {"expires": True, "ttl": max(1, round(left))}
