"""Who views a customer: entries in a roster, and joins and leaves for those who asked to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from channels.hub import Hub
from channels.push import Push, PushKind
from channels.roster import Members, Roster

if TYPE_CHECKING:
    from server.realtime.session import Session


class Presence:
    def __init__(self, roster: Roster, hub: Hub) -> None:
        self._roster = roster
        self._hub = hub

    def joined(self, session: Session, channel: str) -> None:
        """After the reply to the subscribe."""
        info = client_info(session)
        self._roster.put(channel, session.client, info)
        self._hub.publish([Push(PushKind.JOIN, channel, orjson.dumps(info))])

    def left(self, session: Session, channel: str) -> None:
        """Never before the join: a subscription that was not announced is not taken back."""
        if self._roster.remove(channel, session.client):
            self._hub.publish([Push(PushKind.LEAVE, channel, orjson.dumps(client_info(session)))])

    async def members(self, channel: str) -> Members:
        return await self._roster.members(channel)

    async def clients(self, channel: str) -> dict[str, Any]:
        """ClientInfo (protocol.md §10) by connection."""
        return dict((await self._roster.members(channel)).entries)

    def renew(self) -> None:
        self._roster.renew()


def client_info(session: Session) -> dict[str, Any]:
    agent = session.viewer.agent
    return {"user": str(agent.id), "client": session.client, "conn_info": {"name": agent.name}}
