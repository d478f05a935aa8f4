"""The gate of `/api/`: finds out who calls, and counts the request against that client's limit."""

from __future__ import annotations

from starlette.types import Scope

from channels.errors import CasewireError, Unauthorized
from server.auth.authenticate import authenticate
from server.client import client_key
from server.limits import Quota
from server.services import Services

PREFIX = "/api/"


async def admit(scope: Scope, services: Services) -> Quota | None:
    """Counts the request; returns what its client has left, None where there is no limit.

    Leaves the `Caller` in `scope["state"]["caller"]`, or in `["refusal"]` why there is none: whether one is
    needed is for the route to say. The client behind a bad token is its address.
    """
    state = scope["state"]
    try:
        state["caller"] = await authenticate(services, _bearer_token(scope))
    except CasewireError as refusal:
        state["caller"] = None
        state["refusal"] = refusal
    return await services.limits.request(_client(scope))


def _bearer_token(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            given: str = value.decode("latin-1")
            scheme, _, token = given.partition(" ")
            if scheme.lower() == "bearer" and token.strip():
                return token.strip()
            break
    raise Unauthorized("send an access token: Authorization: Bearer <token>")


def _client(scope: Scope) -> str:
    caller = scope["state"]["caller"]
    return f"address/{client_key(scope['client_address'])}" if caller is None else f"agent/{caller.agent.id}"
