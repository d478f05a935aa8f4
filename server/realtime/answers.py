"""How a command can end other than by a result, and what the commands share in reading their parameters."""

from __future__ import annotations

from typing import Any

from channels.ports import Position
from server.realtime import codes
from server.realtime.codes import Disconnect, ErrorCode


class Refusal(Exception):
    """The command is answered with an error of the protocol."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.message)
        self.code = code


class Goodbye(Exception):
    """The connection ends."""

    def __init__(self, end: Disconnect) -> None:
        super().__init__(end.reason)
        self.end = end


def position_of(params: dict[str, Any]) -> Position | None:
    """Where a subscribe wants to go on, if it does; an absent offset and epoch mean 0 and any."""
    if params.get("recover") is not True:
        return None
    offset, epoch = params.get("offset", 0), params.get("epoch", "")
    if not isinstance(offset, int) or isinstance(offset, bool) or offset < 0 or not isinstance(epoch, str):
        raise Refusal(codes.BAD_REQUEST)
    return Position(offset, epoch)
