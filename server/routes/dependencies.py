"""What routes ask for: the services, the caller, and the id of a command."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from channels.agent import Permission
from channels.errors import InvalidRequest, PermissionDenied, Unauthorized
from server.auth.authenticate import Caller
from server.services import Services

# For the OpenAPI document; the gate has read the header long before.
_scheme = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The access token of `POST /api/auth/login`.")


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _caller(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]) -> Caller:
    caller: Caller | None = request.state.caller
    if caller is None:
        refusal: Exception = request.state.refusal
        raise refusal
    return caller


async def _optional_caller(request: Request) -> Caller | None:
    """A token that is no good is the same as none, but for an outage, which tells nothing about it."""
    caller: Caller | None = request.state.caller
    if caller is None and not isinstance(request.state.refusal, Unauthorized):
        raise request.state.refusal
    return caller


ServicesDep = Annotated[Services, Depends(_services)]
CallerDep = Annotated[Caller, Depends(_caller)]
OptionalCallerDep = Annotated[Caller | None, Depends(_optional_caller)]


async def _admin(caller: CallerDep) -> Caller:
    if not caller.agent.may(Permission.MANAGE_AGENTS):
        raise PermissionDenied("only an admin may change accounts")
    return caller


AdminDep = Annotated[Caller, Depends(_admin)]


class CommandId:
    """The id of a command: from the header `Idempotency-Key`, or `command_id` of the body, or a new one."""

    def __init__(
        self,
        idempotency_key: Annotated[
            str | None,
            Header(
                description="The same as `command_id` in the body: a quoted UUID that makes a retry safe.",
                examples=['"0198c0de-7a11-7000-8000-000000000001"'],
            ),
        ] = None,
    ) -> None:
        self._header = None if idempotency_key is None else _uuid(idempotency_key)

    def of(self, body: UUID | None = None) -> UUID:
        """Raises InvalidRequest where header and body disagree."""
        if self._header is not None and body is not None and self._header != body:
            raise InvalidRequest.of("Idempotency-Key", "names another command than command_id")
        return self._header or body or uuid4()


CommandIdDep = Annotated[CommandId, Depends()]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text.strip().strip('"'))
    except ValueError:
        raise InvalidRequest.of("Idempotency-Key", "must be a quoted UUID") from None
