"""A customer's log: its actions, and the comments that are written to it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import orjson
from fastapi import Path, Query, Request, Response

from channels.command import DeleteComment
from channels.errors import NotFound
from channels.names import customer_channel
from persistence.actions import ActionPage
from persistence.recorder import Recorded
from server.auth.authenticate import Caller, still
from server.models.queries import ActionsQuery
from server.models.requests import CommentRewrite, NewComment
from server.models.responses import ActionOut, ActionsOut, PresenceOut
from server.models.values import MAX_ID
from server.routes.answers import (
    Responses,
    api_router,
    json_response,
    json_text_response,
    nothing,
    problems,
    replay_headers,
)
from server.routes.customers import CustomerId
from server.routes.dependencies import CallerDep, CommandIdDep, ServicesDep
from server.routes.seeing import visible_customer, write
from server.services import Services

router = api_router("Log")

Offset = Annotated[int, Path(ge=1, le=MAX_ID, description="The comment's offset.")]
UNCHANGED: Responses = {204: {"description": "The comment says so already; nothing was written."}}


@router.get(
    "/api/customers/{customer_id}/actions",
    response_model=ActionsOut,
    summary="Read the log",
    responses=problems("not-found"),
)
async def list_actions(
    *,
    request: Request,
    customer_id: CustomerId,
    query: Annotated[ActionsQuery, Query()],
    caller: CallerDep,
    services: ServicesDep,
) -> Response:
    """With `after` ascending from there, otherwise newest first. Archived actions are read all the same.

    A client without a socket asks `after` its last offset, with `wait`, and misses nothing.
    """
    request.state.long_poll = query.wait > 0  # its time says nothing about the server
    page = await _page_or_wait(services, caller, customer_id, query)
    text = b'{"epoch":%b,"offset":%d,"items":[%b]}' % (orjson.dumps(page.epoch), page.offset, page.text)
    return json_text_response(text)


async def _page_or_wait(services: Services, caller: Caller, customer_id: int, query: ActionsQuery) -> ActionPage:
    """No connection of the pool is held while waiting. What is new may be of another kind: then it waits on."""
    deadline = asyncio.get_running_loop().time() + query.wait
    while True:
        caller = still(services, caller)
        page = await services.actions.page(
            customer_id, after=query.after, before=query.before, limit=query.limit, kinds=query.kind
        )
        # each time anew: the permission may have been taken away meanwhile
        if not caller.agent.may_see(page.assigned_to, services.settings.visibility):
            raise NotFound(f"there is no customer {customer_id}")
        left = deadline - asyncio.get_running_loop().time()
        # an `after` beyond the log is of another history: nothing to wait for
        if page.text or query.after is None or left <= 0 or page.offset < query.after or services.draining:
            return page
        await services.wait_for_news(caller, customer_id, page.offset, left)


@router.get(
    "/api/customers/{customer_id}/presence",
    response_model=PresenceOut,
    summary="Who is here",
    responses=problems("not-found"),
)
async def get_presence(customer_id: CustomerId, caller: CallerDep, services: ServicesDep) -> Response:
    """Who is viewing the customer, and who is editing what."""
    await visible_customer(services, caller.agent, customer_id)
    channel = str(customer_channel(customer_id))
    viewing, editing = await asyncio.gather(services.presence.members(channel), services.editing.members(channel))
    viewers = [
        {"agent": {"id": int(entry["user"]), "name": entry["conn_info"]["name"]}, "client": client}
        for client, entry in sorted(viewing.entries.items())
    ]
    return json_response(
        {
            "complete": viewing.complete and editing.complete,
            "viewing": viewers,
            "editing": list(editing.entries.values()),
        }
    )


@router.post(
    "/api/customers/{customer_id}/comments",
    status_code=201,
    response_model=ActionOut,
    summary="Add a comment",
    responses=problems("not-found", "unseen-actions", "command-id-reused"),
)
async def add_comment(
    customer_id: CustomerId, body: NewComment, caller: CallerDep, services: ServicesDep, command_id: CommandIdDep
) -> Response:
    """`@username` in the body mentions an agent, who is notified."""
    recorded = await write(services, caller, body.intent(customer_id), command_id.of(body.command_id))
    return _action(recorded, 201)


@router.patch(
    "/api/customers/{customer_id}/comments/{offset}",
    response_model=ActionOut,
    summary="Edit a comment",
    responses=UNCHANGED | problems("permission-denied", "not-found", "command-id-reused"),
)
async def edit_comment(
    *,
    customer_id: CustomerId,
    offset: Offset,
    body: CommentRewrite,
    caller: CallerDep,
    services: ServicesDep,
    command_id: CommandIdDep,
) -> Response:
    """For its author, or a supervisor. The log keeps the original; this is an action of its own."""
    recorded = await write(services, caller, body.intent(customer_id, offset), command_id.of(body.command_id))
    return _action(recorded, 200)


@router.delete(
    "/api/customers/{customer_id}/comments/{offset}",
    response_model=ActionOut,
    summary="Delete a comment",
    responses=problems("permission-denied", "not-found", "command-id-reused"),
)
async def delete_comment(
    customer_id: CustomerId, offset: Offset, caller: CallerDep, services: ServicesDep, command_id: CommandIdDep
) -> Response:
    """For its author, or a supervisor. The log keeps the original; this is an action of its own."""
    recorded = await write(services, caller, DeleteComment(customer_id, offset), command_id.of())
    return _action(recorded, 200)


def _action(recorded: Recorded, status: int) -> Response:
    if recorded.action is None:
        return nothing()
    return json_text_response(recorded.action.json_text(), status, replay_headers(recorded))
