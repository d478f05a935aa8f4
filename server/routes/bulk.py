"""Changing many customers with one request, each on its own terms."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid5

from fastapi import Response

from channels.command import UpdateCustomer
from channels.errors import CasewireError
from server.auth.authenticate import Caller
from server.models.requests import BulkUpdate
from server.models.responses import BulkOut
from server.problems import problem_document
from server.routes.answers import api_router, json_response
from server.routes.dependencies import CallerDep, CommandIdDep, ServicesDep
from server.routes.seeing import may_see, write
from server.services import Services

router = api_router("Customers")

TOGETHER = 50
"""Commands handed to the writer at the same time, which records them in one transaction, in id order."""


@router.post("/api/customers/bulk", response_model=BulkOut, summary="Change many customers")
async def bulk_update(body: BulkUpdate, caller: CallerDep, services: ServicesDep, command_id: CommandIdDep) -> Response:
    """The same changes for each customer, whatever its state: no base, so no conflicts.

    One result per customer; what is refused for one does not hinder the others. Repeating the request with
    its `command_id` does what is left to do.
    """
    whole = command_id.of(body.command_id)
    changes = body.changes.flat()
    customer_ids = sorted(set(body.customer_ids))
    items: list[dict[str, Any]] = []
    for start in range(0, len(customer_ids), TOGETHER):
        intents = [UpdateCustomer(customer_id, changes, None) for customer_id in customer_ids[start : start + TOGETHER]]
        items += await asyncio.gather(*(_one(services, caller, intent, whole) for intent in intents))
    return json_response({"items": items})


async def _one(services: Services, caller: Caller, intent: UpdateCustomer, whole: UUID) -> dict[str, Any]:
    """Each customer has a command id of its own, made from that of the whole."""
    customer_id = intent.customer_id
    try:
        recorded = await write(services, caller, intent, uuid5(whole, str(customer_id)))
    except CasewireError as refusal:
        problem = problem_document(refusal)
        return {"customer_id": customer_id, "status": problem["status"], "problem": problem}
    hidden = recorded.replayed and not may_see(services, caller.agent, recorded.customer)
    return {
        "customer_id": customer_id,
        "status": 200,
        "customer": None if hidden else recorded.customer.as_json(),
        "action": None if recorded.action is None else recorded.action.as_json(),
    }
