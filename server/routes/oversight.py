"""For those who oversee the others: everybody's work in numbers, and the state of the system."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Response

from channels.agent import Permission
from channels.customer import Status
from channels.errors import PermissionDenied
from channels.times import rfc3339
from server.auth.authenticate import Caller
from server.models.responses import SystemOut, WorkloadOut
from server.routes.answers import api_router, json_response, problems
from server.routes.dependencies import CallerDep, ServicesDep
from server.system import online, system_state

router = api_router("Oversight")


async def _overseer(caller: CallerDep) -> Caller:
    if not caller.agent.may(Permission.OVERSEE):
        raise PermissionDenied("only supervisors and admins may see this")
    return caller


OverseerDep = Annotated[Caller, Depends(_overseer)]


@router.get(
    "/api/workload", response_model=WorkloadOut, summary="See everybody's work", responses=problems("permission-denied")
)
async def workload(_: OverseerDep, services: ServicesDep) -> Response:
    """How many customers, archived ones aside, each agent has in each status. The row without an agent counts those
    that nobody has. For supervisors and admins."""
    counts = await services.customers.workload()
    members = await services.vitals.everybody()
    connected = online(members.entries.values())
    agents = [agent.id for agent in services.directory.everyone()]
    items = [
        {
            "agent_id": agent_id,
            "online": agent_id in connected,
            "counts": {status.value: counts.get((agent_id, status), 0) for status in Status},
        }
        for agent_id in (*agents, None)
    ]
    return json_response({"complete": members.complete, "items": items})


@router.get(
    "/api/system",
    response_model=SystemOut,
    summary="See how the system is doing",
    responses=problems("permission-denied"),
)
async def system(_: OverseerDep, services: ServicesDep) -> Response:
    """Summed over all processes of all nodes, with the last five minutes as series. Every process tells of itself
    every five seconds, through Redis; without Redis the answer is about the answering process alone, and `complete`
    is false. For supervisors and admins."""
    asked = time.perf_counter()
    members = await services.vitals.everybody()
    took = round(time.perf_counter() - asked, 5) if members.complete else None
    state = system_state(members.entries.values())
    return json_response(
        {"at": rfc3339(datetime.now(UTC)), "complete": members.complete, "redis_seconds": took, **state}
    )
