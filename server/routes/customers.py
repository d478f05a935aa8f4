"""Customers: the list, one of them, and writing them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query, Response

from server.models.queries import AssigneeQuery, CustomersQuery
from server.models.requests import CustomerCreate, CustomerPatch, ReadPosition
from server.models.responses import ChangedOut, CountsOut, CustomerOut, CustomersOut
from server.models.values import MAX_ID
from server.routes.answers import Responses, api_router, json_response, nothing, problems, replay_headers, with_etag
from server.routes.dependencies import CallerDep, CommandIdDep, ServicesDep
from server.routes.etags import etag, if_match_version, is_none_match
from server.routes.seeing import may_see, visible_customer, write

router = api_router("Customers")

UNCHANGED: Responses = {304: {"description": "It still has the version that `If-None-Match` names."}}
PRECONDITION: Responses = {412: {"description": "An edit conflict, its base named by `If-Match`."}}

CustomerId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.get("/api/customers", response_model=CustomersOut, summary="List customers")
async def list_customers(
    query: Annotated[CustomersQuery, Query()], caller: CallerDep, services: ServicesDep
) -> Response:
    """A page of the customers that the caller may see. Follow `next_cursor`; any page costs the same."""
    page = await services.customers.page(
        caller.agent,
        services.settings.visibility,
        assigned_to=query.assignee(caller.agent.id),
        statuses=query.status,
        priorities=query.priority,
        archived=query.archived_as_bool(),
        unread_only=query.unread,
        q=query.q,
        sort=query.sort,
        limit=query.limit,
        cursor=query.cursor,
    )
    return json_response({"items": page.items, "next_cursor": page.next_cursor})


@router.get("/api/customers/counts", response_model=CountsOut, summary="Count customers by status")
async def count_customers(
    query: Annotated[AssigneeQuery, Query()], caller: CallerDep, services: ServicesDep
) -> Response:
    """How many customers, archived ones aside, are in each status."""
    visibility = services.settings.visibility
    counts = await services.customers.counts(caller.agent, visibility, assigned_to=query.assignee(caller.agent.id))
    return json_response({status.value: number for status, number in counts.items()})


@router.post(
    "/api/customers",
    status_code=201,
    response_model=CustomerOut,
    summary="Add a customer",
    responses=with_etag(201) | problems("already-exists", "command-id-reused"),
)
async def create_customer(
    body: CustomerCreate, caller: CallerDep, services: ServicesDep, command_id: CommandIdDep
) -> Response:
    recorded = await write(services, caller, body.to_intent(), command_id.of(body.command_id))
    customer = recorded.customer
    headers = {"Location": f"/api/customers/{customer.id}", "ETag": etag(customer)} | replay_headers(recorded)
    return json_response(customer.as_json(), 201, headers)


@router.get(
    "/api/customers/{customer_id}",
    response_model=CustomerOut,
    summary="Get a customer",
    responses=with_etag(200) | UNCHANGED | problems("not-found"),
)
async def get_customer(
    customer_id: CustomerId,
    caller: CallerDep,
    services: ServicesDep,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    customer = await visible_customer(services, caller.agent, customer_id)
    headers = {"ETag": etag(customer), "Cache-Control": "private, no-cache"}
    if is_none_match(if_none_match, customer):
        return Response(status_code=304, headers=headers)
    return json_response(customer.as_json(), headers=headers)


@router.patch(
    "/api/customers/{customer_id}",
    response_model=ChangedOut,
    summary="Change a customer",
    responses=with_etag(200)
    | PRECONDITION
    | problems("not-found", "edit-conflict", "already-exists", "command-id-reused", "base-missing"),
)
async def update_customer(
    *,
    customer_id: CustomerId,
    body: CustomerPatch,
    caller: CallerDep,
    services: ServicesDep,
    command_id: CommandIdDep,
    if_match: Annotated[str | None, Header(description="Instead of `base_version`; compares the whole.")] = None,
) -> Response:
    """Changes fields, starting from a named base.

    Fields that did not change since the base merge; one that did is a conflict, and nothing is written.
    """
    intent = body.intent(customer_id, if_match_version(if_match))
    recorded = await write(services, caller, intent, command_id.of(body.command_id))
    action = None if recorded.action is None else recorded.action.as_json()
    if recorded.replayed and not may_see(services, caller.agent, recorded.customer):
        return json_response({"customer": None, "action": action}, headers=replay_headers(recorded))
    headers = {"ETag": etag(recorded.customer)} | replay_headers(recorded)
    return json_response({"customer": recorded.customer.as_json(), "action": action}, headers=headers)


@router.post(
    "/api/customers/{customer_id}/read",
    status_code=204,
    response_model=None,
    summary="Mark as read",
    responses=problems("not-found"),
)
async def mark_read(customer_id: CustomerId, body: ReadPosition, caller: CallerDep, services: ServicesDep) -> Response:
    """Everything up to the offset counts as read by the caller. Never goes back."""
    await visible_customer(services, caller.agent, customer_id)
    await services.customers.mark_read(caller.agent.id, customer_id, body.offset)
    return nothing()
