"""Commands: what a caller wants to write. Parsed and bounded at the edge, decided by `channels.decide`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import orjson

from channels.agent import Agent, Visibility


@dataclass(frozen=True, slots=True)
class Base:
    """The state that an update started from, by version or by time.

    With `strict` any change since then is a conflict, not only one of the fields being written.
    `precondition` says that the caller named it by If-Match, which HTTP answers with 412.
    """

    version: int | None = None
    updated_at: datetime | None = None
    strict: bool = False
    precondition: bool = False


@dataclass(frozen=True, slots=True)
class CreateCustomer:
    """`values` maps field names (custom ones as `fields.<key>`) to what they begin with."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UpdateCustomer:
    """`changes` maps field names (custom ones as `fields.<key>`, None removes) to their new values.

    Without a base nothing is compared: for bulk changes, which say "whatever it was".
    """

    customer_id: int
    changes: Mapping[str, Any]
    base: Base | None


@dataclass(frozen=True, slots=True)
class AddComment:
    """`reply_to`: the offset of the comment that it answers. `seen_offset`: up to where the author has read; None:
    whatever."""

    customer_id: int
    body: str
    reply_to: int | None = None
    seen_offset: int | None = None


@dataclass(frozen=True, slots=True)
class EditComment:
    """A new text for the comment at `offset`. The log keeps the old one."""

    customer_id: int
    offset: int
    body: str


@dataclass(frozen=True, slots=True)
class DeleteComment:
    """Takes the comment at `offset` back. The log keeps it."""

    customer_id: int
    offset: int


CustomerCommand = UpdateCustomer | AddComment | EditComment | DeleteComment
Intent = CreateCustomer | CustomerCommand

_PAYLOAD: Mapping[type[Intent], Sequence[str]] = {
    kind: [field.name for field in fields(kind) if field.name not in ("base", "seen_offset")]
    for kind in get_args(Intent)
}
"""What of an intent makes its fingerprint."""


@dataclass(frozen=True, slots=True)
class Command:
    """An intent with its author and its id.

    The same `command_id` of the same agent is written once; with another `fingerprint` it is refused.
    """

    agent: Agent
    visibility: Visibility
    intent: Intent
    command_id: UUID

    def fingerprint(self) -> bytes:
        """16 bytes that are equal for equal payloads.

        What the caller saw (`seen_offset`) and where it started from (`base`) are left out: a caller
        that was refused may look again and send the same command once more.
        """
        intent = self.intent
        kind = type(intent)
        payload = {name: getattr(intent, name) for name in _PAYLOAD[kind]}
        text = orjson.dumps([kind.__name__, payload], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(text, digest_size=16).digest()
