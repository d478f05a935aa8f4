"""What can go wrong, as a small tree. Each error has a name, and says whether trying again can help.

The faces map names to their own codes in one place each: `server.problems` for HTTP (RFC 9457) and
`server.realtime.codes` for the wire protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from channels.conflict import EditConflictDocument, UnseenActionsDocument


class CasewireError(Exception):
    """Base of the refusals that callers are told about; `str(error)` is a sentence for them."""

    name: ClassVar[str] = "internal-error"
    retryable: ClassVar[bool] = False

    def extra(self) -> Mapping[str, Any]:
        """Members of the problem document beside the standard ones."""
        return {}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule of a request: the field by its path, and the rule as a sentence."""

    field: str
    rule: str


class InvalidRequest(CasewireError):
    """The request breaks rules: all of them are named, each with its field."""

    name = "invalid-request"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.rule}" for error in errors))
        self.errors = tuple(errors)

    @classmethod
    def of(cls, field: str, rule: str) -> InvalidRequest:
        """A request that breaks one rule."""
        return cls([FieldError(field, rule)])

    def extra(self) -> Mapping[str, Any]:
        return {"errors": [{"field": error.field, "rule": error.rule} for error in self.errors]}


class Unauthorized(CasewireError):
    """Nobody is logged in: there is no token, or it says nothing (any more)."""

    name = "unauthorized"


class InvalidCredentials(CasewireError):
    """The name or the password is wrong; which one is not told."""

    name = "invalid-credentials"


class PermissionDenied(CasewireError):
    """Somebody is logged in who may not do this."""

    name = "permission-denied"


class NotFound(CasewireError):
    """There is nothing of that id, name or address."""

    name = "not-found"


class AlreadyExists(CasewireError):
    """A value that must be unique (a username, a ref) is taken."""

    name = "already-exists"

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{field}: {value!r} is taken")
        self.field = field

    def extra(self) -> Mapping[str, Any]:
        return {"field": self.field}


class EditConflict(CasewireError):
    """A field that the caller wants to write changed since the base (contract §4, Conflicts)."""

    name = "edit-conflict"

    def __init__(self, document: EditConflictDocument, *, precondition: bool = False) -> None:
        super().__init__(document.detail)
        self.document = document
        self.precondition = precondition  # named by If-Match: HTTP answers 412 instead of 409

    def extra(self) -> Mapping[str, Any]:
        return self.document.as_json()


class UnseenActions(CasewireError):
    """Another agent's comment or update came after `seen_offset`."""

    name = "unseen-actions"

    def __init__(self, document: UnseenActionsDocument) -> None:
        super().__init__(document.detail)
        self.document = document

    def extra(self) -> Mapping[str, Any]:
        return self.document.as_json()


class BaseMissing(CasewireError):
    """An update does not say from which state of the customer it started."""

    name = "base-missing"


class CommandIdReused(CasewireError):
    """The same agent used this id for another payload."""

    name = "command-id-reused"


class PayloadTooLarge(CasewireError):
    """More bytes than are read."""

    name = "payload-too-large"


class TooManyRequests(CasewireError):
    """The limit is used up. `retry_after`: seconds until there is room."""

    name = "too-many-requests"
    retryable = True

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"the limit is used up; try again in {max(1, round(retry_after))} s")
        self.retry_after = retry_after


class DatabaseUnavailable(CasewireError):
    """PostgreSQL cannot be reached, or had no connection to spare in time."""

    name = "database-unavailable"
    retryable = True

    def __init__(self, sentence: str = "the database cannot be reached; nothing was lost, try again") -> None:
        super().__init__(sentence)


class OutcomeUnknown(DatabaseUnavailable):
    """The database went away while a write was being committed: it may have happened."""

    def __init__(self) -> None:
        super().__init__(
            "the database went away during the commit; try again with the same command_id: it is written once"
        )
