"""The OpenAPI document tells of every call what it takes, answers and refuses, with examples that hold."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from server.app import create_app
from server.models import requests, responses
from server.models.parsing import parse
from server.settings import Settings
from tests.ground.server import SECRET_KEY
from tests.http.desk import Desk

CONTRACT = {
    "POST /api/auth/login",
    "POST /api/auth/refresh",
    "POST /api/auth/logout",
    "GET /api/me",
    "GET /api/agents",
    "POST /api/agents",
    "PATCH /api/agents/{agent_id}",
    "GET /api/customers",
    "GET /api/customers/counts",
    "POST /api/customers",
    "GET /api/customers/{customer_id}",
    "PATCH /api/customers/{customer_id}",
    "POST /api/customers/{customer_id}/comments",
    "PATCH /api/customers/{customer_id}/comments/{offset}",
    "DELETE /api/customers/{customer_id}/comments/{offset}",
    "GET /api/customers/{customer_id}/actions",
    "GET /api/customers/{customer_id}/presence",
    "POST /api/customers/{customer_id}/read",
    "POST /api/customers/bulk",
    "GET /api/notices",
    "POST /api/notices/read",
    "GET /api/workload",
    "GET /api/system",
    "GET /livez",
    "GET /readyz",
    "GET /metrics",
    "GET /problems/{name}",
}
PUBLIC = {"login", "refresh", "logout", "livez", "readyz", "metrics", "get_problem"}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings(database_url="postgres://nowhere", redis_url="redis://nowhere", secret_key=SECRET_KEY))


def calls(app: FastAPI) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    }


def test_the_contract_is_all_there(app: FastAPI) -> None:
    assert set(calls(app)) >= CONTRACT


def test_every_call_tells_what_it_does_and_what_it_refuses(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    for name, call in calls(app).items():
        assert call["summary"], name
        assert call["tags"], name
        assert "422" not in call["responses"] or "examples" in str(call["responses"]["422"]), name
        good = next(answer for status, answer in call["responses"].items() if status.startswith("2"))
        for content in good.get("content", {}).values():
            reference = content.get("schema", {}).get("$ref")
            if reference:
                assert schemas[reference.rpartition("/")[2]]["examples"], name
        for content in call.get("requestBody", {}).get("content", {}).values():
            assert schemas[content["schema"]["$ref"].rpartition("/")[2]]["examples"], name
        for status, answer in call["responses"].items():
            if status[0] in "45":
                assert set(answer.get("content", {"application/problem+json"})) == {"application/problem+json"}, name
        if name.split()[1].startswith("/api/"):
            assert {"400", "429", "500", "503"} <= set(call["responses"]), name


def test_every_call_but_a_few_needs_a_token(app: FastAPI) -> None:
    assert app.openapi()["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for name, call in calls(app).items():
        assert ("security" in call) is (call["operationId"] not in PUBLIC), name


def _models(module: Any) -> list[type[BaseModel]]:
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, BaseModel)]
    return [model for model in found if model.__module__ == module.__name__]


@pytest.mark.parametrize("model", [*_models(requests), *_models(responses)], ids=lambda model: model.__name__)
def test_examples_hold(model: type[BaseModel]) -> None:
    extra = model.model_config.get("json_schema_extra")
    for example in extra.get("examples", ()) if isinstance(extra, dict) else ():
        assert isinstance(example, dict)
        # realtime names in its data what HTTP has in its path
        named = {name: 42 for name in ("customer_id", "offset") if name in model.model_fields}
        parse(model, named | example)


async def test_the_documentation_needs_no_other_host(desk: Desk) -> None:
    client = desk.client()
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for path, kind in (
        ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/docs/swagger-ui.css", "text/css"),
        ("/docs/start.js", "text/javascript"),
    ):
        assert path in page.text
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith(kind)
    assert (await client.get("/docs/nothing.js")).status_code == 404
    assert (await client.get("/openapi.json")).json()["info"]["title"] == "Casewire"
