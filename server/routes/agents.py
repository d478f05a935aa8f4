"""Accounts: everybody may see who there is, admins change them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response

from channels.agent import Role
from channels.errors import InvalidRequest
from server.auth.authenticate import Caller
from server.models.requests import AgentCreate, AgentPatch
from server.models.responses import AgentOut, AgentsOut
from server.models.values import MAX_ID
from server.routes.answers import api_router, json_response, problems
from server.routes.dependencies import AdminDep, CallerDep, ServicesDep

router = api_router("Agents")


@router.get("/api/agents", response_model=AgentsOut, summary="List the agents")
async def list_agents(_: CallerDep, services: ServicesDep) -> Response:
    """All agents by username, deactivated ones as well: they are authors and assignees."""
    return json_response({"items": [agent.as_json() for agent in services.directory.everyone()]})


@router.post(
    "/api/agents",
    status_code=201,
    response_model=AgentOut,
    summary="Add an agent",
    responses=problems("permission-denied", "already-exists"),
)
async def create_agent(body: AgentCreate, _: AdminDep, services: ServicesDep) -> Response:
    """For admins. Without a password the agent can only use tokens made on the command line."""
    password_hash = None if body.password is None else await services.passwords.hashed(body.password)
    agent = await services.agents.create(body.username, body.name, body.role, password_hash)
    await services.announce_directory_change()
    return json_response(agent.as_json(), 201, {"Location": f"/api/agents/{agent.id}"})


@router.patch(
    "/api/agents/{agent_id}",
    response_model=AgentOut,
    summary="Change an agent",
    responses=problems("permission-denied", "not-found"),
)
async def update_agent(
    agent_id: Annotated[int, Path(ge=1, le=MAX_ID)], body: AgentPatch, caller: AdminDep, services: ServicesDep
) -> Response:
    """For admins. Deactivating ends the agent's logins and closes its connections at once, on all nodes."""
    _refuse_locking_oneself_out(caller, agent_id, body)
    password_hash = None if body.password is None else await services.passwords.hashed(body.password)
    agent = await services.agents.update(
        agent_id, name=body.name, role=body.role, active=body.active, password_hash=password_hash
    )
    await services.announce_directory_change()
    return json_response(agent.as_json())


def _refuse_locking_oneself_out(caller: Caller, agent_id: int, body: AgentPatch) -> None:
    if agent_id != caller.agent.id:
        return
    if body.active is False:
        raise InvalidRequest.of("active", "is your own: another admin must deactivate you")
    if body.role not in (None, Role.ADMIN):
        raise InvalidRequest.of("role", "is your own: another admin must change it")
