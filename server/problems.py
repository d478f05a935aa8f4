"""Refusals as RFC 9457 problem documents: the one place where error names become HTTP statuses.

`PROBLEMS` is also what the pages at `/problems/<name>` tell, so that a `type` can be followed by a reader.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from channels.errors import CasewireError, EditConflict, InvalidRequest, NotFound, PayloadTooLarge, TooManyRequests
from server.models.parsing import invalid_request, is_undecoded_body

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger("casewire.http")


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of refusal: its status, and for its page what it means and what to do about it."""

    status: int
    title: str
    meaning: str
    remedy: str


PROBLEMS: Mapping[str, Problem] = {
    "invalid-request": Problem(
        400,
        "Invalid request",
        "The request breaks a rule. `errors` names each field and its rule.",
        "Mend the fields that are named, then send it again.",
    ),
    "unauthorized": Problem(
        401,
        "Unauthorized",
        "The request carries no access token, or one that does not hold (any more).",
        "Log in, and send `Authorization: Bearer <access_token>`.",
    ),
    "token-expired": Problem(
        401,
        "Token expired",
        "The access token was good, but its time is over.",
        "Call `POST /api/auth/refresh`, then repeat the request with the new token.",
    ),
    "invalid-credentials": Problem(
        401,
        "Invalid credentials",
        "There is no active agent with this username and password.",
        "Check both; an admin can set a new password.",
    ),
    "permission-denied": Problem(
        403,
        "Permission denied",
        "Your role does not allow this.",
        "Ask a supervisor or an admin.",
    ),
    "not-found": Problem(
        404,
        "Not found",
        "There is nothing at this address, or nothing that you may see.",
        "Check the address and the id.",
    ),
    "method-not-allowed": Problem(
        405,
        "Method not allowed",
        "This address does not know the method.",
        "The `Allow` header lists those that it knows.",
    ),
    "already-exists": Problem(
        409,
        "Already exists",
        "A value that must be unique is taken; `field` names it.",
        "Choose another value, or use what exists.",
    ),
    "edit-conflict": Problem(
        409,
        "Edit conflict",
        "A field that you want to write was changed by somebody else since the version you started from."
        " Nothing was written. `conflicts` shows both values, `customer` the current state."
        " Where the base was named by `If-Match` the status is 412.",
        "Decide which value holds, then send the change again with the current `base_version`.",
    ),
    "unseen-actions": Problem(
        409,
        "Unseen actions",
        "Somebody else wrote after the `seen_offset` of your comment. Nothing was written."
        " `actions` holds what you have not seen.",
        "Read them, then send the comment again with the current offset, or without `seen_offset`.",
    ),
    "payload-too-large": Problem(
        413,
        "Payload too large",
        "The request's body is larger than the server takes.",
        "Send less: a request body may have 64 KiB.",
    ),
    "unsupported-media-type": Problem(
        415,
        "Unsupported media type",
        "The request's body is not declared as JSON.",
        "Send JSON with `Content-Type: application/json`.",
    ),
    "command-id-reused": Problem(
        422,
        "Command id reused",
        "This `command_id` (or `Idempotency-Key`) was used before for something else.",
        "Make a new id for each command, and reuse it only to repeat that same command.",
    ),
    "base-missing": Problem(
        428,
        "Base missing",
        "An update must say which state it started from.",
        "Send `base_version` or `base_updated_at` in the body, or the header `If-Match`.",
    ),
    "too-many-requests": Problem(
        429,
        "Too many requests",
        "The limit on requests is used up.",
        "Wait for as many seconds as `Retry-After` says.",
    ),
    "internal-error": Problem(
        500,
        "Internal error",
        "Something went wrong on our side. It was logged under the `request_id`.",
        "Try again; a write with the same `command_id` is never done twice.",
    ),
    "database-unavailable": Problem(
        503,
        "Database unavailable",
        "The database cannot be reached, or has no connection to spare.",
        "Try again after `Retry-After` seconds; a write with the same `command_id` is never done twice.",
    ),
    "identity-provider-unavailable": Problem(
        503,
        "Identity provider unavailable",
        "The keys of the company's identity provider cannot be fetched, so its tokens cannot be checked.",
        "Try again after `Retry-After` seconds.",
    ),
    "not-ready": Problem(
        503,
        "Not ready",
        "The server should get no new work at the moment; `missing` says why.",
        "Send requests to another node, or wait.",
    ),
}


class MethodNotAllowed(CasewireError):
    name = "method-not-allowed"

    def __init__(self, allow: str) -> None:
        super().__init__(f"this address knows {allow}")
        self.allow = allow


class UnsupportedMediaType(CasewireError):
    name = "unsupported-media-type"


def problem_document(error: CasewireError) -> dict[str, Any]:
    """The problem document of a refusal (contract §4, Conflicts)."""
    problem = PROBLEMS[error.name]
    status = 412 if isinstance(error, EditConflict) and error.precondition else problem.status
    return {
        "type": f"/problems/{error.name}",
        "title": problem.title,
        "status": status,
        "detail": str(error),
        **error.extra(),
    }


def problem_response(error: CasewireError) -> Response:
    document = problem_document(error)
    return Response(orjson.dumps(document), document["status"], _headers(error, document["status"]), MEDIA_TYPE)


def undecoded(scope: Scope) -> UnsupportedMediaType:
    """The refusal of a body that is not declared as JSON."""
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type"), "")
    return UnsupportedMediaType(f"the body must be application/json; this one has {given or 'no Content-Type'}")


def install(app: FastAPI) -> None:
    """Makes every error of this application a problem document."""
    app.add_exception_handler(CasewireError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _headers(error: CasewireError, status: int) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": error.allow}
    return {"Retry-After": "1"} if error.retryable else {}


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, CasewireError)  # noqa: S101 # reason: registered for this class alone
    return problem_response(error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 # reason: registered for this class alone
    if is_undecoded_body(error.errors()):
        return problem_response(undecoded(request.scope))
    return problem_response(invalid_request(error.errors()))


async def _http(_request: Request, error: Exception) -> Response:
    """The framework's own refusals: unknown routes and methods, bodies that cannot be read."""
    assert isinstance(error, HTTPException)  # noqa: S101 # reason: registered for this class alone
    match error.status_code:
        case 404:
            return problem_response(NotFound("there is nothing at this address"))
        case 405:
            return problem_response(MethodNotAllowed((error.headers or {}).get("Allow", "other methods")))
        case 413:
            return problem_response(PayloadTooLarge("the body is larger than 64 KiB"))
        case _:
            return problem_response(InvalidRequest.of("body", "cannot be read as JSON in UTF-8"))


async def _unexpected(request: Request, error: Exception) -> Response:
    return unexpected_response(request.scope, error)


def unexpected_response(scope: Scope, error: Exception) -> Response:
    """The last resort; the server logs the traceback as well."""
    request_id = scope.get("request_id")
    log.error("unexpected error", request_id=request_id, error=type(error).__name__)
    problem = PROBLEMS["internal-error"]
    document = {
        "type": "/problems/internal-error",
        "title": problem.title,
        "status": problem.status,
        "detail": "something went wrong on our side; it was logged under this request_id",
        "request_id": request_id,
    }
    return Response(orjson.dumps(document), problem.status, media_type=MEDIA_TYPE)
