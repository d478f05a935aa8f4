"""What routes ask for: the services, the caller, and the id of a command.

Each is a plain function of the request's scope. The framework knows them as dependencies, for the OpenAPI
document; `server.routes.calls` calls them directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope

from channels.agent import Permission
from channels.errors import InvalidRequest, PermissionDenied, Unauthorized
from server.auth.authenticate import Caller
from server.services import Services

# For the OpenAPI document; the gate has read the header long before.
_scheme = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The access token of `POST /api/auth/login`.")


def services_of(scope: Scope) -> Services:
    services: Services = scope["app"].state.services
    return services


def caller_of(scope: Scope) -> Caller:
    """Raises why there is none."""
    state = scope["state"]
    caller: Caller | None = state["caller"]
    if caller is None:
        refusal: Exception = state["refusal"]
        raise refusal
    return caller


def optional_caller_of(scope: Scope) -> Caller | None:
    """A token that is no good is the same as none, but for an outage, which tells nothing about it."""
    state = scope["state"]
    caller: Caller | None = state["caller"]
    if caller is None and not isinstance(state["refusal"], Unauthorized):
        raise state["refusal"]
    return caller


def admin_of(scope: Scope) -> Caller:
    caller = caller_of(scope)
    if not caller.agent.may(Permission.MANAGE_AGENTS):
        raise PermissionDenied("only an admin may change accounts")
    return caller


class CommandId:
    """The id of a command: from the header `Idempotency-Key`, or `command_id` of the body, or a new one."""

    def __init__(self, header: str | None) -> None:
        self._header = None if header is None else _uuid(header)

    def of(self, body: UUID | None = None) -> UUID:
        """Raises InvalidRequest where header and body disagree."""
        if self._header is not None and body is not None and self._header != body:
            raise InvalidRequest.of("Idempotency-Key", "names another command than command_id")
        return self._header or body or uuid4()


def command_id_of(scope: Scope) -> CommandId:
    """Raises InvalidRequest where the header is no UUID."""
    for name, value in scope["headers"]:
        if name == b"idempotency-key":
            return CommandId(value.decode("latin-1"))
    return CommandId(None)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text.strip().strip('"'))
    except ValueError:
        raise InvalidRequest.of("Idempotency-Key", "must be a quoted UUID") from None


# As the framework knows them


async def services(request: Request) -> Services:
    return services_of(request.scope)


async def caller(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]) -> Caller:
    return caller_of(request.scope)


async def optional_caller(request: Request) -> Caller | None:
    return optional_caller_of(request.scope)


async def admin(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]) -> Caller:
    return admin_of(request.scope)


async def command_id(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="The same as `command_id` in the body: a quoted UUID that makes a retry safe.",
            examples=['"0198c0de-7a11-7000-8000-000000000001"'],
        ),
    ] = None,
) -> CommandId:
    del idempotency_key  # declared for the document
    return command_id_of(request.scope)


ServicesDep = Annotated[Services, Depends(services)]
CallerDep = Annotated[Caller, Depends(caller)]
OptionalCallerDep = Annotated[Caller | None, Depends(optional_caller)]
AdminDep = Annotated[Caller, Depends(admin)]
CommandIdDep = Annotated[CommandId, Depends(command_id)]

OF_SCOPE: Mapping[Any, Callable[[Scope], Any]] = {
    services: services_of,
    caller: caller_of,
    optional_caller: optional_caller_of,
    admin: admin_of,
    command_id: command_id_of,
}
"""The function behind each dependency."""
