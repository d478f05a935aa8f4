"""The gate of `/api/`: finds out who calls, and counts the request against that client's limit."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.errors import CasewireError, TooManyRequests, Unauthorized
from server.auth.authenticate import authenticate
from server.client import client_key
from server.problems import problem_response

PREFIX = "/api/"


class Gate:
    """Leaves the `Caller` in `scope["state"]["caller"]`, or in `["refusal"]` why there is none.

    Whether a caller is needed is for the route to say; the client behind a bad token is its address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        services = scope["app"].state.services
        await self._identify(scope)
        quota = await services.limits.request(_client(scope))
        if quota is None:
            await self.app(scope, receive, send)
            return
        headers = [(name.lower().encode(), value.encode()) for name, value in quota.headers().items()]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        if quota.exceeded:
            services.metrics.limited.labels(quota.name).inc()
            await problem_response(TooManyRequests(quota.reset))(scope, receive, answer)
        else:
            await self.app(scope, receive, answer)

    @staticmethod
    async def _identify(scope: Scope) -> None:
        state = scope.setdefault("state", {})
        state["caller"] = None
        try:
            state["caller"] = await authenticate(scope["app"].state.services, _bearer_token(scope))
        except CasewireError as refusal:
            state["refusal"] = refusal


def _bearer_token(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, token = given.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("send an access token: Authorization: Bearer <token>")
    return token.strip()


def _client(scope: Scope) -> str:
    caller = scope["state"]["caller"]
    return f"address/{client_key(scope['client_address'])}" if caller is None else f"agent/{caller.agent.id}"
