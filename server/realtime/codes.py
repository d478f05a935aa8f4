"""The numbers of the wire protocol, in one place: errors of commands, ends of connections and subscriptions."""

from __future__ import annotations

from dataclasses import dataclass

from channels.errors import CasewireError


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """The answer to one command. `temporary` tells the SDK to try again by itself."""

    code: int
    message: str
    temporary: bool = False


INTERNAL = ErrorCode(100, "internal server error", temporary=True)
UNKNOWN_CHANNEL = ErrorCode(102, "unknown channel")
PERMISSION_DENIED = ErrorCode(103, "permission denied")
METHOD_NOT_FOUND = ErrorCode(104, "method not found")
ALREADY_SUBSCRIBED = ErrorCode(105, "already subscribed")
LIMIT_EXCEEDED = ErrorCode(106, "limit exceeded")
BAD_REQUEST = ErrorCode(107, "bad request")
NOT_AVAILABLE = ErrorCode(108, "not available")
TOKEN_EXPIRED = ErrorCode(109, "token expired")
TOO_MANY_REQUESTS = ErrorCode(111, "too many requests", temporary=True)
UNRECOVERABLE_POSITION = ErrorCode(112, "unrecoverable position")

_BY_NAME = {
    "internal-error": INTERNAL,
    "permission-denied": PERMISSION_DENIED,
    "unauthorized": PERMISSION_DENIED,
    "invalid-request": BAD_REQUEST,
    "too-many-requests": TOO_MANY_REQUESTS,
    "not-found": ErrorCode(404, "not-found"),
    "already-exists": ErrorCode(409, "already-exists"),
    "edit-conflict": ErrorCode(409, "edit-conflict"),
    "unseen-actions": ErrorCode(409, "unseen-actions"),
    "payload-too-large": ErrorCode(413, "payload-too-large"),
    "command-id-reused": ErrorCode(422, "command-id-reused"),
    "base-missing": ErrorCode(428, "base-missing"),
    "database-unavailable": ErrorCode(503, "database-unavailable", temporary=True),
}


def error_code(error: CasewireError) -> ErrorCode:
    """The one mapping from our errors to the protocol's."""
    return _BY_NAME.get(error.name, INTERNAL)


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The end of a connection. Below 3500, and from 4000 to 4499, the SDK comes back by itself.

    The reason is never empty (the JS SDK would reconnect for ever) and never JSON (it would parse it).
    """

    code: int
    reason: str


SHUTDOWN = Disconnect(3001, "shutdown")
SERVER_ERROR = Disconnect(3004, "internal server error")
EXPIRED = Disconnect(3005, "connection expired")
SLOW = Disconnect(3008, "slow")
INSUFFICIENT_STATE = Disconnect(3010, "insufficient state")
NO_PONG = Disconnect(3012, "no pong")
BUSY = Disconnect(3013, "too many requests")
INVALID_TOKEN = Disconnect(3500, "invalid token")
MALFORMED = Disconnect(3501, "bad request")
STALE = Disconnect(3502, "stale")
FORCED = Disconnect(3503, "force disconnect")
CONNECTION_LIMIT = Disconnect(3504, "connection limit")
NOT_PERMITTED = Disconnect(3507, "permission denied")
UNSUPPORTED = Disconnect(3508, "not available")

_ENDS = {
    TOKEN_EXPIRED: EXPIRED,
    TOO_MANY_REQUESTS: BUSY,
    PERMISSION_DENIED: NOT_PERMITTED,
}


def disconnect_for(error: ErrorCode) -> Disconnect:
    """What a refused connect becomes where there are no replies (protocol.md §19)."""
    return _ENDS.get(error, SERVER_ERROR)


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The end of a subscription, told by a push. Below 2500 the SDK stays away."""

    code: int
    reason: str


PERMISSION_REVOKED = Unsubscribe(2100, "permission revoked")
POSITION_LOST = Unsubscribe(2500, "insufficient state")
