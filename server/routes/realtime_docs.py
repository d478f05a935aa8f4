"""`/asyncapi.json` for programs, and `/docs/realtime`, the same for readers."""

from __future__ import annotations

from html import escape

import orjson
from fastapi import APIRouter, Request, Response

from server.asyncapi import CHANNELS, METHODS, Models, asyncapi
from server.client import is_https
from server.routes.answers import json_response
from server.routes.html import html_page, prose

router = APIRouter(include_in_schema=False)


@router.get("/asyncapi.json")
async def read_asyncapi(request: Request) -> Response:
    settings = request.app.state.services.settings
    secure = is_https(request.scope, settings.trusted_proxies)
    return json_response(asyncapi(request.headers.get("host", "localhost"), secure=secure))


@router.get("/docs/realtime")
async def read_realtime_docs() -> Response:
    channels = "".join(
        f"<h2><code>{escape(channel.address)}</code></h2><p>{prose(channel.description)}</p>"
        f"<dl>{''.join(_entry(model, model.__name__) for model in channel.messages)}</dl>"
        for channel in CHANNELS.values()
    )
    methods = "".join(
        f"<dt><code>{name}</code></dt><dd>{escape(method.summary)}.</dd>"
        f"<dd>Data: {_members(method.request)}</dd><dd>Result: {_members(method.result)}</dd>"
        for name, method in METHODS.items()
    )
    return html_page(
        "Realtime",
        "<h1>Realtime</h1><p>Channels and calls of the realtime interface. For programs:"
        ' <a href="/asyncapi.json">asyncapi.json</a>. The HTTP interface: <a href="/docs">docs</a>.</p>'
        f"{channels}<h2>Calls by RPC</h2><dl>{methods}</dl>",
    )


def _entry(model: Models, name: str) -> str:
    words = prose(" ".join((model.__doc__ or "").split()))
    return f"<dt>{escape(name)}</dt><dd>{words}</dd><dd>{_members(model)}</dd>{_example(model)}"


def _members(model: Models) -> str:
    members = ", ".join(
        f"<code>{escape(name)}{'' if field.is_required() else '?'}</code>" for name, field in model.model_fields.items()
    )
    return members or "nothing"


def _example(model: Models) -> str:
    extra = model.model_config.get("json_schema_extra")
    examples = extra.get("examples") if isinstance(extra, dict) else None
    if not isinstance(examples, list):
        return ""
    text = orjson.dumps(examples[0], option=orjson.OPT_INDENT_2).decode()
    return f"<dd><details><summary>Example</summary><pre>{escape(text)}</pre></details></dd>"
