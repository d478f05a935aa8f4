"""Emulation: the commands of clients whose connection is a stream, which come by requests of their own.

A client is told two names when it connects: a secret one of its session, and one of the process that holds the
stream. Its requests may reach any process; Redis tells whether the named one is alive, and carries them there.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from enum import Enum
from typing import TYPE_CHECKING

import structlog

from channels.hub import Hub
from channels.push import Push, PushKind
from channels.roster import Roster

if TYPE_CHECKING:
    from server.realtime.session import Session

log = structlog.get_logger(__name__)

_NODE = re.compile(r"[0-9a-f]{16}", re.ASCII)
_SESSION = re.compile(r"[0-9A-Za-z_-]{43}", re.ASCII)


class Fate(Enum):
    """What became of a command: handed over, its process is gone, or Redis could not tell."""

    HANDED_OVER = "handed over"
    GONE = "gone"
    UNKNOWN = "unknown"


class Emulation:
    """`roster` holds those whose process is alive; works across processes while `run` does."""

    def __init__(self, hub: Hub, roster: Roster) -> None:
        self.node = secrets.token_hex(8)
        self._hub = hub
        self.roster = roster
        self._sessions: dict[str, Session] = {}

    def open(self, session: Session) -> str:
        """The secret name by which commands find a session until `close`."""
        name = secrets.token_urlsafe(32)
        self._sessions[name] = session
        return name

    def close(self, name: str) -> None:
        """The session is gone; its name leads nowhere from now on."""
        self._sessions.pop(name, None)

    async def hand_over(self, node: str, name: str, commands: bytes) -> Fate:
        """Gives commands to a session, in whichever process it is. To one that has ended it is no error."""
        if node == self.node:
            self._receive(name, commands)
            return Fate.HANDED_OVER
        if not _NODE.fullmatch(node):
            return Fate.GONE
        alive = await self.roster.members(node)
        if not alive.complete:
            return Fate.UNKNOWN
        if not alive.entries:
            return Fate.GONE
        if _SESSION.fullmatch(name):
            self._hub.publish([Push(PushKind.SIGNAL, _mailbox(node), name.encode() + commands)])
        return Fate.HANDED_OVER

    async def run(self) -> None:
        """Listens, and tells that this process is alive, until it is cancelled."""
        await self._hub.listen(_mailbox(self.node), self._deliver)
        self.roster.put(self.node, "alive", {})
        await asyncio.Event().wait()  # for good

    def _deliver(self, push: Push) -> None:
        name = push.data[:43].decode("ascii", "replace")
        self._receive(name, push.data[43:])

    def _receive(self, name: str, commands: bytes) -> None:
        session = self._sessions.get(name)
        if session is not None:
            session.receive(commands)


def _mailbox(node: str) -> str:
    """The channel of a process; no client can subscribe to it."""
    return f"node:{node}"
