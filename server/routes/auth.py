"""Logging in and out, and who one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Cookie, Request, Response

from channels.agent import PERMISSIONS
from channels.errors import PermissionDenied
from server.auth.granting import LOGIN_TTL, Granted, log_in, log_out
from server.auth.granting import refresh as exchange
from server.auth.tokens import ACCESS_TTL
from server.client import client_key, is_https, is_same_origin
from server.models.requests import Login
from server.models.responses import MeOut, TokenOut
from server.routes.answers import api_router, json_response, nothing, problems
from server.routes.dependencies import CallerDep, OptionalCallerDep, ServicesDep
from server.services import Services

router = api_router("Logging in", public=True)
own = api_router("Logging in")

COOKIE = "casewire_refresh"
COOKIE_PATH = "/api/auth"

RefreshCookie = Annotated[
    str | None, Cookie(alias=COOKIE, description="The refresh token; the browser keeps it out of reach of scripts.")
]


@router.post(
    "/api/auth/login",
    response_model=TokenOut,
    summary="Log in",
    responses=problems("invalid-credentials", "permission-denied"),
)
async def login(body: Login, request: Request, services: ServicesDep) -> Response:
    """An access token for a username and a password, and a refresh token as a cookie."""
    _refuse_other_sites(request, services)
    address = client_key(request.scope["client_address"])
    granted = await log_in(services, body.username, body.password, address)
    return _answer(granted, request, services)


@router.post(
    "/api/auth/refresh",
    response_model=TokenOut,
    summary="Refresh the access token",
    responses=problems("unauthorized", "permission-denied"),
)
async def refresh(request: Request, services: ServicesDep, casewire_refresh: RefreshCookie = None) -> Response:
    """A new access token for the cookie's refresh token, which is replaced."""
    _refuse_other_sites(request, services)
    return _answer(await exchange(services, casewire_refresh), request, services)


@router.post(
    "/api/auth/logout", status_code=204, summary="Log out", response_model=None, responses=problems("permission-denied")
)
async def logout(
    request: Request, services: ServicesDep, caller: OptionalCallerDep, casewire_refresh: RefreshCookie = None
) -> Response:
    """Ends the login of the cookie, or else of the access token, and closes its connections."""
    _refuse_other_sites(request, services)
    await log_out(services, casewire_refresh, caller)
    response = nothing()
    _set_cookie(response, "", 0, request, services)
    return response


@own.get("/api/me", response_model=MeOut, summary="Who am I")
async def me(caller: CallerDep, services: ServicesDep) -> Response:
    """The caller, its role and permissions."""
    permissions = sorted(PERMISSIONS[caller.agent.role])
    return json_response(
        caller.agent.as_json() | {"permissions": permissions, "visibility": services.settings.visibility}
    )


def _refuse_other_sites(request: Request, services: Services) -> None:
    """Beside the cookie's SameSite: a page of another origin shall not log anybody in, on or out."""
    settings = services.settings
    if not is_same_origin(request.scope, settings.trusted_proxies, settings.allowed_origins):
        raise PermissionDenied("this origin may not log in or out here")


def _answer(granted: Granted, request: Request, services: Services) -> Response:
    response = json_response(
        {
            "access_token": granted.access_token,
            "token_type": "Bearer",
            "expires_in": round(ACCESS_TTL.total_seconds()),
            "agent": granted.agent.as_json(),
        }
    )
    if granted.refresh_token is not None:
        _set_cookie(response, granted.refresh_token, round(LOGIN_TTL.total_seconds()), request, services)
    return response


def _set_cookie(response: Response, value: str, max_age: int, request: Request, services: Services) -> None:
    response.set_cookie(
        COOKIE,
        value,
        max_age=max_age,
        path=COOKIE_PATH,
        secure=is_https(request.scope, services.settings.trusted_proxies),
        httponly=True,
        samesite="strict",
    )
