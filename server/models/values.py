"""The values that requests are made of, each with its bounds."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, Field

from channels.mentions import USERNAME as USERNAME_PATTERN

MAX_ID = 2**63 - 1
MAX_INTEGER = 2**53 - 1  # beyond it JSON readers disagree about a number
MAX_VALUE_BYTES = 4096
MAX_VALUE_DEPTH = 8
MAX_FIELDS = 50
MAX_COMMENT = 10_000

UNSTORABLE = "must not contain the character U+0000 or half a surrogate pair"

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_FIELD_KEY = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)


def storable(text: str) -> str:
    """Refuses what UTF-8 or PostgreSQL cannot hold."""
    if _UNSTORABLE.search(text):
        raise ValueError(UNSTORABLE)
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("must be an address like name@example.com")
    return text


def _username(text: str) -> str:
    if not USERNAME_PATTERN.fullmatch(text):
        raise ValueError("must be 1 to 32 of a-z, 0-9, dot, dash and underscore, with a letter or digit at both ends")
    return text


def _field_key(text: str) -> str:
    if not _FIELD_KEY.fullmatch(text):
        raise ValueError("a field's key must be 1 to 64 of a-z, 0-9 and underscore")
    return text


def _small_json(value: Any) -> Any:
    _check_json(value, MAX_VALUE_DEPTH)
    if len(orjson.dumps(value)) > MAX_VALUE_BYTES:
        raise ValueError(f"must be {MAX_VALUE_BYTES:,} bytes of JSON or less")
    return value


def _check_json(value: Any, depth: int) -> None:
    match value:
        case None | bool():
            return
        case str():
            storable(value)
        case int() if abs(value) > MAX_INTEGER:
            raise ValueError(f"must be a number between -{MAX_INTEGER} and {MAX_INTEGER}")
        case float() if not math.isfinite(value):
            raise ValueError("must be a finite number")
        case list() | dict() if depth == 0:
            raise ValueError(f"must not be nested deeper than {MAX_VALUE_DEPTH}")
        case list():
            for item in value:
                _check_json(item, depth - 1)
        case dict():
            for key, item in value.items():
                storable(key)
                _check_json(item, depth - 1)


Id = Annotated[int, Field(strict=True, ge=1, le=MAX_ID)]
"""An id or an offset in a body: a JSON number, not a text of digits."""

PathId = Annotated[int, Field(ge=1, le=MAX_ID)]
"""An id or an offset in a path or a query."""

Position = Annotated[int, Field(strict=True, ge=0, le=MAX_ID)]
"""An offset, where 0 stands for before the first."""

_STATED = (AfterValidator(storable), AfterValidator(_not_blank))

CommentText = Annotated[str, Field(max_length=MAX_COMMENT), *_STATED]

Ref = Annotated[str, Field(max_length=100), *_STATED]
Name = Annotated[str, Field(max_length=200), *_STATED]
Email = Annotated[str, Field(max_length=320), AfterValidator(storable), AfterValidator(_email)]
Phone = Annotated[str, Field(max_length=50), *_STATED]

Username = Annotated[str, AfterValidator(_username)]
NewPassword = Annotated[str, Field(min_length=8, max_length=1024), AfterValidator(storable)]

FieldKey = Annotated[str, AfterValidator(_field_key)]
FieldValue = Annotated[Any, AfterValidator(_small_json)]
CustomFields = Annotated[dict[FieldKey, FieldValue], Field(max_length=MAX_FIELDS)]
