"""The RPC methods (contract §5): the same models, rules and permissions as HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from channels.command import Intent
from channels.errors import EditConflict, NotFound, UnseenActions
from channels.names import customer_channel
from channels.push import signal
from persistence.recorder import Recorded
from server.models.parsing import parse
from server.models.requests import (
    CommentAdd,
    CommentDelete,
    CommentEdit,
    CustomerRef,
    CustomerUpdate,
    EditBegin,
    ReadMark,
)
from server.perform import perform
from server.realtime import codes
from server.realtime.answers import Refusal
from server.realtime.editing import send_conflict
from server.realtime.session import Session


async def call(session: Session, method: str, data: Any) -> dict[str, Any]:
    """Raises Refusal for an unknown method, InvalidRequest, and whatever the method refuses."""
    handler = _METHODS.get(method)
    if handler is None:
        raise Refusal(codes.METHOD_NOT_FOUND)
    return await handler(session, {} if data is None else data)


async def _write(session: Session, intent: Intent, command_id: Any) -> Recorded:
    """A conflict is told in full beside the error, which can carry no data, and just before it."""
    try:
        recorded = await perform(session.services, session.viewer.agent, intent, command_id)
    except (EditConflict, UnseenActions) as conflict:
        send_conflict(session, "rejected", None if command_id is None else str(command_id), conflict)
        raise
    if recorded.action is not None and recorded.action.changes:
        session.services.editing.wrote(session, recorded.customer.id, recorded.customer.version)
    return recorded


def _action(recorded: Recorded) -> dict[str, Any]:
    return {"action": None if recorded.action is None else orjson.Fragment(recorded.action.json_text())}


async def _comment_add(session: Session, data: Any) -> dict[str, Any]:
    request = parse(CommentAdd, data)
    return _action(await _write(session, request.to_intent(), request.command_id))


async def _comment_edit(session: Session, data: Any) -> dict[str, Any]:
    request = parse(CommentEdit, data)
    return _action(await _write(session, request.to_intent(), request.command_id))


async def _comment_delete(session: Session, data: Any) -> dict[str, Any]:
    request = parse(CommentDelete, data)
    return _action(await _write(session, request.to_intent(), request.command_id))


async def _customer_update(session: Session, data: Any) -> dict[str, Any]:
    request = parse(CustomerUpdate, data)
    recorded = await _write(session, request.to_intent(), request.command_id)
    return {"customer": recorded.customer.as_json(), **_action(recorded)}


async def _customer_get(session: Session, data: Any) -> dict[str, Any]:
    customer_id = parse(CustomerRef, data).customer_id
    snapshot = await session.services.customers.snapshot(customer_id)
    viewer = session.viewer
    if snapshot is None or not viewer.agent.may_see(snapshot.customer.assigned_to, viewer.visibility):
        raise NotFound(f"there is no customer {customer_id}")
    return {"customer": snapshot.customer.as_json(), "offset": snapshot.offset, "epoch": snapshot.epoch}


async def _edit_begin(session: Session, data: Any) -> dict[str, Any]:
    request = parse(EditBegin, data)
    return await session.services.editing.begin(session, request.customer_id, request.base_version, request.fields)


async def _edit_end(session: Session, data: Any) -> dict[str, Any]:
    session.services.editing.end(session, parse(CustomerRef, data).customer_id)
    return {}


async def _typing(session: Session, data: Any) -> dict[str, Any]:
    name = customer_channel(parse(CustomerRef, data).customer_id)
    if str(name) not in session.subscriptions:
        await session.services.stream.read(name, session.viewer, None, 0)  # the permission, if nothing else
    agent = session.viewer.agent
    session.services.hub.publish([signal(name, {"type": "typing", "agent": {"id": agent.id, "name": agent.name}})])
    return {}


async def _read(session: Session, data: Any) -> dict[str, Any]:
    request = parse(ReadMark, data)
    name = customer_channel(request.customer_id)
    if str(name) not in session.subscriptions:
        await session.services.stream.read(name, session.viewer, None, 0)
    await session.services.customers.mark_read(session.viewer.agent.id, request.customer_id, request.offset)
    return {}


_METHODS: dict[str, Callable[[Session, Any], Awaitable[dict[str, Any]]]] = {
    "comment.add": _comment_add,
    "comment.edit": _comment_edit,
    "comment.delete": _comment_delete,
    "customer.update": _customer_update,
    "customer.get": _customer_get,
    "edit.begin": _edit_begin,
    "edit.end": _edit_end,
    "typing": _typing,
    "read": _read,
}
