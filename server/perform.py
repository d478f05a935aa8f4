"""Performing a write: the one call behind every write route and every RPC."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from channels.agent import Agent
from channels.command import Command, Intent
from channels.errors import CasewireError
from channels.names import work_channel
from channels.push import Push, action_publication, notice_publication, signal
from persistence.recorder import Recorded
from server.services import Services


async def perform(services: Services, agent: Agent, intent: Intent, command_id: UUID | None) -> Recorded:
    """Records an intent, durably. What was committed is published whether or not the caller still waits.

    Without a `command_id` one is made, so that a lost connection to the database never writes twice.
    Raises what `persistence.recorder.Recorder.record` raises.
    """
    command = Command(agent, services.settings.visibility, intent, command_id or uuid4())
    outcome = "written"
    try:
        recorded = await services.recorder.record(command)
        if not recorded.written:
            outcome = "replayed" if recorded.replayed else "unchanged"
    except CasewireError as error:
        outcome = error.name
        raise
    else:
        return recorded
    finally:
        services.metrics.wrote(type(intent).__name__, outcome)


def publications(recorded: Sequence[Recorded]) -> list[Push]:
    """Everything that is published for what one transaction committed, in commit order per channel."""
    pushes: list[Push] = []
    for one in recorded:
        if one.action is None:
            continue
        pushes.append(action_publication(one.action))
        pushes.extend(notice_publication(notice) for notice in one.notices)
        pushes.extend(_work(one))
    return pushes


def _work(recorded: Recorded) -> list[Push]:
    """What becomes of the customer on the lists of assigned work: it shows, changes, or leaves."""
    customer, action = recorded.customer, recorded.action
    if action is None:
        return []
    pushes = []
    moved = action.changes.get("assigned_to")
    if moved is not None and moved.before is not None:
        removed = {"type": "remove", "customer": {"id": customer.id, "offset": customer.offset}}
        pushes.append(signal(work_channel(moved.before), removed))
    if customer.assigned_to is not None:
        shown = {"type": "upsert", "customer": customer.as_json(), "actor": action.actor.as_json()}
        pushes.append(signal(work_channel(customer.assigned_to), shown))
    return pushes
