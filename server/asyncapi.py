"""The AsyncAPI document: channels, their messages and the calls, from the same models as the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from server.models import realtime as out
from server.models import requests as given
from server.models.responses import ChangedOut
from server.version import VERSION

Document = dict[str, Any]
Models = type[BaseModel]

REFERENCE = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of the document: `parameter` names the id in its address."""

    address: str
    parameter: str
    description: str
    messages: Sequence[Models]


@dataclass(frozen=True, slots=True)
class Method:
    """An RPC method of the document, with the models of its data and its result."""

    summary: str
    request: Models
    result: Models


CHANNELS: Mapping[str, Channel] = {
    "customer": Channel(
        "customer:{customer_id}",
        "customer_id",
        "The actions of a customer, recoverable by offset, and what its viewers do. Subscribe to it; it has presence.",
        (out.ActionPublished, out.Typing, out.Editing, out.EditingEnded),
    ),
    "agent": Channel(
        "agent:{agent_id}",
        "agent_id",
        "What concerns the agent who is connected: recoverable notices, conflicts, the account. The server subscribes.",
        (out.NoticePublished, out.Conflict, out.AccountChanged),
    ),
    "work": Channel(
        "work:{agent_id}",
        "agent_id",
        "The list of the agent's assigned work. Subscribe, then read the list; after each subscribing anew.",
        (out.WorkShown, out.WorkLeft, out.WorkUnsure),
    ),
}

METHODS: Mapping[str, Method] = {
    "comment.add": Method("Write a comment", given.CommentAdd, out.ActionResult),
    "comment.edit": Method("Edit a comment", given.CommentEdit, out.ActionResult),
    "comment.delete": Method("Delete a comment", given.CommentDelete, out.ActionResult),
    "customer.update": Method("Change fields", given.CustomerUpdate, ChangedOut),
    "customer.get": Method("Read a customer and its position", given.CustomerRef, out.SnapshotResult),
    "edit.begin": Method("Show the others that one edits", given.EditBegin, out.EditBegun),
    "edit.end": Method("Stop showing it", given.CustomerRef, out.Nothing),
    "typing": Method("Show the others that one types", given.CustomerRef, out.Nothing),
    "read": Method("Mark as read", given.ReadMark, out.Nothing),
}

CALLS = "calls"
DESCRIPTION = """Realtime for agents and bots, over the Centrifuge client protocol: use an official Centrifuge SDK,
or listen with plain SSE. Messages below are the payloads: `data` of a publication, of an RPC and of its result."""


def asyncapi(host: str, *, secure: bool) -> Document:
    """`host` is where the reader reached us, with its port."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Casewire realtime", "version": VERSION, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": _servers(host, secure=secure),
        "channels": {**{name: _channel(channel) for name, channel in CHANNELS.items()}, CALLS: _calls()},
        "operations": {
            **{f"{name}.receive": _publishing(name, channel) for name, channel in CHANNELS.items()},
            **{f"{name}.call": _calling(name, method) for name, method in METHODS.items()},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _servers(host: str, *, secure: bool) -> Document:
    security = [{"$ref": "#/components/securitySchemes/token"}]
    ways = {
        "websocket": ("wss" if secure else "ws", "/connection/websocket", "For SDKs, in JSON and Protobuf."),
        "http_stream": ("https" if secure else "http", "/connection/http_stream", "For SDKs, with `POST /emulation`."),
        "sse": ("https" if secure else "http", "/connection/sse", "For SDKs, with `POST /emulation`."),
        "uni_sse": ("https" if secure else "http", "/connection/uni_sse", "For listening without an SDK."),
    }
    return {
        name: {"host": host, "protocol": protocol, "pathname": path, "description": words, "security": security}
        for name, (protocol, path, words) in ways.items()
    }


def _channel(channel: Channel) -> Document:
    return {
        "address": channel.address,
        "description": channel.description,
        "parameters": {channel.parameter: {"description": "The id, as HTTP shows it."}},
        "messages": {model.__name__: _message(model) for model in channel.messages},
    }


def _calls() -> Document:
    """RPC has no address on the wire: the method is named in the command."""
    messages: Document = {}
    for name, method in METHODS.items():
        messages[name] = _message(method.request)
        messages[f"{name}.result"] = _message(method.result)
    return {"address": None, "description": "RPC: a method, its data and its result.", "messages": messages}


def _message(model: Models) -> Document:
    message: Document = {"name": model.__name__, "payload": {"$ref": REFERENCE.format(model=model.__name__)}}
    if model.__doc__ and model.__doc__ != BaseModel.__doc__:
        message["summary"] = " ".join(model.__doc__.split())
    extra = model.model_config.get("json_schema_extra")
    examples = extra.get("examples") if isinstance(extra, dict) else None
    if isinstance(examples, list):
        message["examples"] = [{"payload": _complete(model, example)} for example in examples]
    return message


def _complete(model: Models, example: Any) -> Any:
    """Realtime names in its data what HTTP has in its path."""
    named = {name: 42 for name in ("customer_id", "offset") if name in model.model_fields}
    return named | example


def _publishing(name: str, channel: Channel) -> Document:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": f"What {channel.address} tells",
        "messages": [{"$ref": f"#/channels/{name}/messages/{model.__name__}"} for model in channel.messages],
    }


def _calling(name: str, method: Method) -> Document:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{CALLS}"},
        "summary": method.summary,
        "messages": [{"$ref": f"#/channels/{CALLS}/messages/{name}"}],
        "reply": {
            "channel": {"$ref": f"#/channels/{CALLS}"},
            "messages": [{"$ref": f"#/channels/{CALLS}/messages/{name}.result"}],
        },
    }


def _schemas() -> Document:
    sent = [model for channel in CHANNELS.values() for model in channel.messages]
    results = [method.result for method in METHODS.values()]
    requests = [method.request for method in METHODS.values()]
    return {**_definitions(requests, "validation"), **_definitions(sent + results, "serialization")}


def _definitions(models: Sequence[Models], mode: JsonSchemaMode) -> Document:
    _, schema = models_json_schema([(model, mode) for model in dict.fromkeys(models)], ref_template=REFERENCE)
    found: Document = schema["$defs"]
    return found
