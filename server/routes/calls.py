"""The routes, served directly: from a request to a handler's parameters in as few steps as it takes.

FastAPI describes our routes (OpenAPI) and knows everything that a handler may ask for; solving that anew for
each request costs more than the request itself. Our handlers ask for few kinds of things, so what each one
needs is worked out once, from the same signature, and read with the same models. A route that asks for
anything else, an address that is unknown and a method that is not allowed are left to the framework.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response, params
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import Receive, Scope

from channels.errors import InvalidRequest
from server.edge.body import read_body
from server.models.parsing import invalid_request
from server.problems import undecoded
from server.routes.dependencies import OF_SCOPE

Errors = list[Any]
Reader = Callable[[Scope, Errors], Any]
"""Reads one parameter of a request; tells of broken rules in the list, as pydantic does."""


class Calls:
    """The routes of some routers by method and number of path segments."""

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        self._calls: dict[tuple[str, int], list[Call]] = {}
        for router in routers:
            for route in router.routes:
                call = Call.of(route) if isinstance(route, APIRoute) else None
                if call is not None:
                    for method in call.route.methods or ():
                        self._calls.setdefault((method, len(call.segments)), []).append(call)

    def find(self, scope: Scope) -> Call | None:
        """The call for a request, its path parameters in the scope; None where the framework has to answer."""
        given = scope["path"].split("/")
        for call in self._calls.get((scope["method"], len(given)), ()):
            if call.matches(given, scope):
                return call
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """A route with what its handler asks for. `segments`: the path's, None where a parameter stands."""

    route: APIRoute
    segments: tuple[str | None, ...]
    names: Mapping[int, str]
    known: Mapping[str, Callable[[Scope], Any]]
    read: Mapping[str, Reader]
    body: tuple[str, type[BaseModel]] | None

    @classmethod
    def of(cls, route: APIRoute) -> Call | None:
        """None where the handler asks for something that only the framework knows."""
        parts = route.path.split("/")
        names = {index: part[1:-1] for index, part in enumerate(parts) if part.startswith("{")}
        segments = tuple(None if index in names else part for index, part in enumerate(parts))
        known: dict[str, Callable[[Scope], Any]] = {}
        read: dict[str, Reader] = {}
        body: tuple[str, type[BaseModel]] | None = None
        hints = get_type_hints(route.endpoint, include_extras=True)
        for name, parameter in inspect.signature(route.endpoint).parameters.items():
            hint = hints[name]
            if _is_model(hint):
                body = (name, hint)
            elif (of_scope := _of_scope(hint)) is not None:
                known[name] = of_scope
            elif (reader := _reader(name, hint, parameter.default, names.values())) is not None:
                read[name] = reader
            else:
                return None
        return cls(route, segments, names, known, read, body)

    def matches(self, given: list[str], scope: Scope) -> bool:
        for expected, part in zip(self.segments, given, strict=True):
            if expected != part and (expected is not None or not part):
                return False
        scope["path_params"] = {name: given[index] for index, name in self.names.items()}
        scope["route"] = self.route
        return True

    async def __call__(self, scope: Scope, receive: Receive) -> Response:
        """Raises the refusals of `channels.errors`: first those of the caller, then those of what was sent."""
        values: dict[str, Any] = {name: of_scope(scope) for name, of_scope in self.known.items()}
        errors: Errors = []
        for name, read in self.read.items():
            values[name] = read(scope, errors)
        if self.body is not None:
            name, model = self.body
            values[name] = _parsed(model, await read_body(receive), scope, errors)
        if errors:
            raise invalid_request(errors)
        handler: Callable[..., Awaitable[Response]] = self.route.endpoint
        return await handler(**values)


# What handlers ask for


def _is_model(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _of_scope(hint: Any) -> Callable[[Scope], Any] | None:
    if hint is Request:
        return Request
    asked = get_args(hint)[1] if len(get_args(hint)) == 2 else None
    return OF_SCOPE.get(asked.dependency) if isinstance(asked, params.Depends) else None


def _reader(name: str, hint: Any, default: Any, in_path: Iterable[str]) -> Reader | None:
    where = get_args(hint)[1] if len(get_args(hint)) == 2 else None
    if name in in_path:
        return _path_reader(name, TypeAdapter(hint))
    if isinstance(where, params.Query) and _is_model(get_args(hint)[0]):
        return _query_reader(get_args(hint)[0])
    if isinstance(where, params.Header) and get_args(hint)[0] == (str | None) and default is None:
        return _header_reader(name.replace("_", "-").encode())
    return None


def _path_reader(name: str, adapter: TypeAdapter[Any]) -> Reader:
    validate = adapter.validator.validate_python

    def read(scope: Scope, errors: Errors) -> Any:
        try:
            return validate(scope["path_params"][name])
        except ValidationError as error:
            errors += _located(error, "path", name)

    return read


def _query_reader(model: type[BaseModel]) -> Reader:
    several = {name for name, field in model.model_fields.items() if "list[" in str(field.annotation)}

    def read(scope: Scope, errors: Errors) -> Any:
        given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        # of a parameter that is given twice the last one counts, unless it may have several values
        query = {name: values if name in several else values[-1] for name, values in given.items()}
        try:
            return model.model_validate(query)
        except ValidationError as error:
            errors += _located(error, "query")

    return read


def _header_reader(wanted: bytes) -> Reader:
    def read(scope: Scope, _errors: Errors) -> str | None:
        for name, value in scope["headers"]:
            if name == wanted:
                return str(value.decode("latin-1"))
        return None

    return read


# Bodies


def _parsed(model: type[BaseModel], body: bytes, scope: Scope, errors: Errors) -> Any:
    if _is_json(scope):
        try:
            return model.model_validate_json(body)
        except ValidationError:
            pass  # the longer way knows where it is wrong
    elif body:
        raise undecoded(scope)
    return _explained(model, body, errors)


def _explained(model: type[BaseModel], body: bytes, errors: Errors) -> Any:
    """The same in two steps, which tells what is wrong in the words of the framework."""
    if not body:
        errors.append({"type": "missing", "loc": ("body",), "msg": ""})
        return None
    try:
        data = json.loads(body)
    except json.JSONDecodeError as error:
        errors.append({"type": "json_invalid", "loc": ("body", error.pos), "msg": "", "ctx": {"error": error.msg}})
        return None
    except (ValueError, RecursionError):
        raise InvalidRequest.of("body", "cannot be read as JSON in UTF-8") from None
    try:
        return model.model_validate(data, from_attributes=True)
    except ValidationError as error:
        errors += _located(error, "body")


def _is_json(scope: Scope) -> bool:
    """`application/json`, or a kind that is written in it, whatever its parameters (RFC 6839)."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = value.partition(b";")[0].strip().lower()
            return bool(kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json")))
    return False


def _located(error: ValidationError, *place: str) -> Errors:
    found: Errors = error.errors(include_url=False, include_input=False)
    for one in found:
        one["loc"] = (*place, *one["loc"])
    return found
