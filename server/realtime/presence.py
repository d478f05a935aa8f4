"""Who views a customer: entries in a roster, and joins and leaves for those who asked to be told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson

from channels.hub import Hub
from channels.push import Push, PushKind
from channels.redis_broker import RedisBroker
from channels.roster import Entry, Members, Roster

if TYPE_CHECKING:
    from server.realtime.session import Session

LINGER = 0.05
"""Seconds in which those who come and go are collected, for the other processes: thousands may come together."""


class Presence:
    """The viewers of customers, on all nodes."""

    def __init__(self, broker: RedisBroker, hub: Hub) -> None:
        self.roster = Roster(broker, "presence", time.time, self._vanished, self._restored)
        self.roster.linger, self.roster.wrote = LINGER, self._tell
        self._broker = broker
        self._hub = hub
        self._untold: list[Push] = []

    def joined(self, session: Session, channel: str) -> None:
        """After the reply to the subscribe."""
        info = client_info(session)
        self.roster.put(channel, session.client, info)
        self._announce(Push(PushKind.JOIN, channel, orjson.dumps(info)))

    def left(self, session: Session, channel: str) -> None:
        """Never before the join: a subscription that was not announced is not taken back."""
        if self.roster.remove(channel, session.client):
            self._announce(Push(PushKind.LEAVE, channel, orjson.dumps(client_info(session))))

    def _announce(self, push: Push) -> None:
        """At once to those of this process; to the others when they can also find it in the roster."""
        self._hub.deliver(push)
        self._untold.append(push)

    def _tell(self) -> None:
        untold, self._untold = self._untold, []
        self._broker.publish(untold)

    async def members(self, channel: str) -> Members:
        """Who views a channel, and whether the answer is whole."""
        return await self.roster.members(channel)

    async def clients(self, channel: str) -> dict[str, Any]:
        """ClientInfo (protocol.md §10) by connection."""
        return dict((await self.roster.members(channel)).entries)

    def _vanished(self, channel: str, info: Entry) -> None:
        """Its process is gone, without a word."""
        self._hub.publish([Push(PushKind.LEAVE, channel, orjson.dumps(info))])

    def _restored(self, channel: str, info: Entry) -> None:
        """The others had taken this process for gone."""
        self._hub.publish([Push(PushKind.JOIN, channel, orjson.dumps(info))])


def client_info(session: Session) -> dict[str, Any]:
    """What others see of a connection (ClientInfo, protocol.md §10)."""
    agent = session.viewer.agent
    return {"user": str(agent.id), "client": session.client, "conn_info": {"name": agent.name}}
