"""The caller's notices: assignments, mentions and replies, numbered per agent."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from channels.times import rfc3339
from server.models.queries import PageQuery
from server.models.requests import ReadPosition
from server.models.responses import NoticesOut
from server.routes.answers import api_router, json_response, nothing
from server.routes.dependencies import CallerDep, ServicesDep

router = api_router("Notices")


@router.get("/api/notices", response_model=NoticesOut, summary="Read my notices")
async def list_notices(query: Annotated[PageQuery, Query()], caller: CallerDep, services: ServicesDep) -> Response:
    """With `after` ascending from there, otherwise newest first. The name is that of today, and null where the caller
    may not see the customer any more."""
    page = await services.notices.page(caller.agent.id, after=query.after, before=query.before, limit=query.limit)
    visible = {
        customer_id: customer.name
        for customer_id, customer in page.customers.items()
        if caller.agent.may_see(customer.assigned_to, services.settings.visibility)
    }
    items = [
        {
            "offset": notice.offset,
            "created_at": rfc3339(notice.created_at),
            "customer_name": visible.get(notice.action.customer_id),
            **notice.publication_json(),
        }
        for notice in page.items
    ]
    return json_response({"epoch": page.epoch, "offset": page.offset, "read_offset": page.read_offset, "items": items})


@router.post("/api/notices/read", status_code=204, response_model=None, summary="Mark my notices as read")
async def mark_notices_read(body: ReadPosition, caller: CallerDep, services: ServicesDep) -> Response:
    """Everything up to the offset counts as read. Never goes back."""
    await services.notices.mark_read(caller.agent.id, body.offset)
    return nothing()
