"""Answers: prepared bytes, and how the OpenAPI document tells of refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Response
from fastapi.routing import APIRoute

from persistence.recorder import Recorded
from server.models import examples
from server.problems import MEDIA_TYPE, PROBLEMS

Responses = dict[int | str, dict[str, Any]]
"""What OpenAPI tells of a call's answers, by status."""

REPLAYED = {"Idempotency-Replayed": "true"}


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return json_text_response(orjson.dumps(content), status, headers)


def json_text_response(text: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, headers, "application/json")


def nothing() -> Response:
    return Response(status_code=204)


def replay_headers(recorded: Recorded) -> dict[str, str]:
    return dict(REPLAYED) if recorded.replayed else {}


def problems(*names: str) -> Responses:
    """The refusals of a route, for OpenAPI."""
    by_status: Responses = {}
    for name in names:
        problem = PROBLEMS[name]
        response = by_status.setdefault(problem.status, {"description": "", "content": {MEDIA_TYPE: _content()}})
        response["description"] = " / ".join(filter(None, [response["description"], problem.title]))
        response["content"][MEDIA_TYPE]["examples"][name] = {"summary": problem.title, "value": _example(name)}
    return by_status


def with_etag(status: int) -> Responses:
    """An answer that carries the customer's version."""
    return {
        status: {"headers": {"ETag": {"description": 'The version in quotes: `"7"`.', "schema": {"type": "string"}}}}
    }


def api_router(tag: str, *, public: bool = False) -> APIRouter:
    """A router whose calls tell of the refusals that any call may meet."""
    names = ("invalid-request", "too-many-requests", "internal-error", "database-unavailable")
    known = names if public else (*names, "unauthorized", "token-expired")
    return APIRouter(tags=[tag], responses=problems(*known) | {"default": _anything()}, generate_unique_id_function=_id)


def open_router(tag: str) -> APIRouter:
    """A router of calls outside the interface's limits."""
    return APIRouter(tags=[tag], responses={"default": _anything()}, generate_unique_id_function=_id)


def _id(route: APIRoute) -> str:
    return route.name


def _content() -> dict[str, Any]:
    return {"schema": {"$ref": "#/components/schemas/ProblemOut"}, "examples": {}}


def _anything() -> dict[str, Any]:
    """Stands for all others, and keeps the framework from telling of its own 422."""
    return {
        "description": "Any other refusal",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
    }


def _example(name: str) -> dict[str, Any]:
    if name == "edit-conflict":
        return examples.CONFLICT
    problem = PROBLEMS[name]
    document = {
        "type": f"/problems/{name}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.meaning,
    }
    if name == "invalid-request":
        document |= {
            "detail": "body: must not be blank",
            "errors": [{"field": "body", "rule": "must not be blank"}],
        }
    return document
