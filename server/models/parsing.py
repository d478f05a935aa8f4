"""From pydantic's errors to one clear refusal that names each field and its rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from channels.errors import FieldError, InvalidRequest
from server.models.values import UNSTORABLE

M = TypeVar("M", bound=BaseModel)

_PLACES = ("body", "query", "path", "header", "cookie")

_RULES = {
    "json_invalid": "is not valid JSON: {error} at character {place}",
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "value_error": "{error}",
    "string_unicode": UNSTORABLE,
    "string_too_short": "must have {min_length:,} or more characters",
    "string_too_long": "must have at most {max_length:,} characters",
    "too_short": "must have {min_length:,} or more entries",
    "too_long": "must have at most {max_length:,} entries",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}
"""Our wording by pydantic's error type; the rest keeps pydantic's own."""


def parse(model: type[M], data: Any) -> M:
    """`data` (decoded JSON) as a model; raises InvalidRequest."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False, include_input=False)) from None


def invalid_request(errors: Sequence[Any]) -> InvalidRequest:
    """The refusal for a list of pydantic's error details."""
    return InvalidRequest([FieldError(_field(error), _rule(error)) for error in errors])


def is_undecoded_body(errors: Sequence[Any]) -> bool:
    """Whether the body was not decoded because it was not declared as JSON."""
    return any(tuple(error["loc"]) == ("body",) and isinstance(error.get("input"), bytes) for error in errors)


def _field(error: Any) -> str:
    location = [str(part) for part in error["loc"] if part != "[key]"]
    if error["type"] == "json_invalid" or not location:
        return "body"
    if location[0] in _PLACES and len(location) > 1:
        del location[0]
    return ".".join(location)


def _rule(error: Any) -> str:
    template = _RULES.get(error["type"])
    if template is not None:
        return template.format(**error.get("ctx", {}), place=error["loc"][-1])
    message = str(error["msg"])
    return "must" + message.removeprefix("Input should") if message.startswith("Input should") else message
