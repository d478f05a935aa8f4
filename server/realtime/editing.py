"""Editing sessions: leases that others see, and the notice to an editor whose base was overtaken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from channels.command import Base
from channels.conflict import EditConflictDocument
from channels.decide import edit_conflict
from channels.errors import CasewireError, DatabaseUnavailable, EditConflict, NotFound, PermissionDenied
from channels.hub import Hub
from channels.leases import LEASE_SECONDS, Lease, Leases
from channels.names import ChannelName, agent_channel, customer_channel
from channels.ports import Viewer
from channels.push import Push, PushKind, signal
from channels.redis_broker import RedisBroker
from channels.roster import Entry, Members, Roster
from channels.times import rfc3339
from persistence.database import Database
from persistence.evidence import customer_and_changes
from server.problems import problem_document

if TYPE_CHECKING:
    from server.realtime.session import Session


@dataclass(eq=False, slots=True)
class Watch:
    """Listens on a customer's channel for one editor (a `Subscriber` of the hub)."""

    editing: Editing
    session: Session
    customer_id: int

    @property
    def viewer(self) -> Viewer:
        return self.session.viewer

    def deliver(self, pushes: Sequence[Push]) -> None:
        for push in pushes:
            if push.kind is PushKind.PUBLICATION and b'"changes":{}' not in push.data:
                action = orjson.loads(push.data)["action"]
                self.editing.changed(self, action["changes"], action["actor"]["id"], action["version"])

    def revoked(self, channel: str) -> None:
        del channel
        self.editing.drop(self.session, self.customer_id)

    async def drained(self) -> None:
        """Nothing piles up here."""


class Editing:
    """The leases of this process's connections: told to viewers, kept in presence, and ended when overdue."""

    def __init__(self, database: Database, hub: Hub, tasks: asyncio.TaskGroup, broker: RedisBroker) -> None:
        self._database = database
        self._hub = hub
        self._tasks = tasks
        self.roster = Roster(broker, "editing", time.time, self._vanished, self._restored)
        self._leases = Leases()
        self._watches: dict[tuple[str, int], Watch] = {}

    async def begin(
        self, session: Session, customer_id: int, base_version: int, fields: Sequence[str] | None
    ) -> dict[str, Any]:
        """Begins or renews; returns when it expires, and the others who edit the same customer.

        An editor who starts from a state that is no longer the latest is told at once.
        """
        name = customer_channel(customer_id)
        await self._watch(session, customer_id)
        expires_at = time.time() + LEASE_SECONDS
        covered = None if fields is None else frozenset(fields)
        lease = Lease(session.client, session.viewer.agent.id, customer_id, base_version, covered, expires_at)
        known = self._leases.get(session.client, customer_id)
        self._leases.begin(lease)
        entry = self._entry(session, lease)
        self.roster.put(str(name), session.client, entry, until=expires_at)
        self._hub.publish([signal(name, {"type": "editing", **entry})])
        if known is None or known.base_version != base_version:
            await self._tell_if_overtaken(session, lease)
        others = await self.roster.members(str(name))
        return {
            "expires_at": entry["expires_at"],
            "others": [other for client, other in others.entries.items() if client != session.client],
        }

    async def _watch(self, session: Session, customer_id: int) -> None:
        key = (session.client, customer_id)
        if key in self._watches:
            return
        watch = Watch(self, session, customer_id)
        await self._hub.join(watch, customer_channel(customer_id), None, lambda _joined: None)
        self._watches[key] = watch

    def _entry(self, session: Session, lease: Lease) -> dict[str, Any]:
        agent = session.viewer.agent
        return {
            "agent": {"id": agent.id, "name": agent.name},
            "fields": None if lease.fields is None else sorted(lease.fields),
            "base_version": lease.base_version,
            "expires_at": rfc3339(datetime.fromtimestamp(lease.expires_at, UTC)),
        }

    def end(self, session: Session, customer_id: int) -> None:
        """The editor is done."""
        self.drop(session, customer_id)

    def drop(self, session: Session, customer_id: int) -> None:
        """Ends a lease, whyever, and tells the viewers."""
        watch = self._watches.pop((session.client, customer_id), None)
        name = customer_channel(customer_id)
        if watch is not None:
            self._hub.leave(watch, str(name))
        if self._leases.end(session.client, customer_id) is not None:
            self.roster.remove(str(name), session.client)
            agent = session.viewer.agent
            self._tell_ended(name, {"id": agent.id, "name": agent.name})

    def _tell_ended(self, name: ChannelName, agent: Mapping[str, Any]) -> None:
        self._hub.publish([signal(name, {"type": "editing_ended", "agent": agent})])

    def _vanished(self, channel: str, entry: Entry) -> None:
        """The editor's process is gone, without a word."""
        name = ChannelName.parse(channel)
        if name is not None:
            self._tell_ended(name, entry["agent"])

    def _restored(self, channel: str, entry: Entry) -> None:
        """The others had taken this process for gone."""
        name = ChannelName.parse(channel)
        if name is not None:
            self._hub.publish([signal(name, {"type": "editing", **entry})])

    def closed(self, session: Session) -> None:
        """The connection is gone, and its leases with it."""
        for client, customer_id in list(self._watches):
            if client == session.client:
                self.drop(session, customer_id)

    def expire(self) -> None:
        """Ends the leases that were not renewed; the healer calls it."""
        for lease in self._leases.expired(time.time()):
            watch = self._watches.get((lease.client, lease.customer_id))
            if watch is not None:
                self.drop(watch.session, lease.customer_id)

    async def members(self, channel: str) -> Members:
        """Who edits the customer, on all nodes."""
        return await self.roster.members(channel)

    # Overtaken

    def wrote(self, session: Session, customer_id: int, version: int) -> None:
        """The editor's own write was committed; it goes on from there."""
        self._leases.advance(session.client, customer_id, version)

    def changed(self, watch: Watch, changes: Mapping[str, Any], actor_id: int, version: int) -> None:
        """Somebody's commit was delivered on a channel where this editor is at work."""
        lease = self._leases.get(watch.session.client, watch.customer_id)
        if lease is None or version <= lease.base_version or actor_id == lease.agent_id:
            return
        if lease.touched_by(changes):
            self._tasks.create_task(self._tell_if_overtaken(watch.session, lease), name="overtaken")

    async def _tell_if_overtaken(self, session: Session, lease: Lease) -> None:
        try:
            document = await self._document(lease)
        except (DatabaseUnavailable, NotFound, PermissionDenied):
            return  # the write itself will be refused, if it comes to that
        if document is not None:
            send_conflict(session, "overtaken", None, EditConflict(document))

    async def _document(self, lease: Lease) -> EditConflictDocument | None:
        base = Base(version=lease.base_version)
        customer, actions = await customer_and_changes(self._database, lease.customer_id, base)
        others = [action for action in actions if action.actor.id != lease.agent_id]
        names = sorted(lease.touched_by({name for action in others for name in action.changes}))
        return edit_conflict(customer, {}, names, base, actions) if names else None


def send_conflict(session: Session, cause: str, command_id: str | None, error: CasewireError) -> None:
    """The notice to the one connection that it concerns, on its agent's channel (contract §5)."""
    notice = {"type": "conflict", "cause": cause, "command_id": command_id, "problem": problem_document(error)}
    session.deliver((signal(agent_channel(session.viewer.agent.id), notice),))
