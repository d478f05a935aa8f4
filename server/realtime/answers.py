"""How a command can end other than by a result, and what the commands share in reading and answering."""

from __future__ import annotations

from typing import Any

import orjson

from channels.hub import Joined
from channels.names import ChannelName
from channels.ports import Position
from channels.push import Push
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


def subscribe_result(joined: Joined, since: Position | None, name: ChannelName) -> dict[str, Any]:
    """A SubscribeResult (protocol.md §6)."""
    if not name.recoverable:
        return {}
    result: dict[str, Any] = {
        "recoverable": True,
        "positioned": True,
        "epoch": joined.epoch,
        "offset": joined.offset,
    }
    if since is not None:
        result["was_recovering"] = True
        result["recovered"] = joined.recovered
        if joined.publications:
            result["publications"] = [publication(push) for push in joined.publications]
    return result


def publication(push: Push) -> dict[str, Any]:
    """A publication of the protocol; its data is passed on as the text that it is."""
    return {"offset": push.offset, "data": orjson.Fragment(push.data)}
