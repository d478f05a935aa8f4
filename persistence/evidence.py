"""What decisions need beside the locked customers, read in as few queries as the batch allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from channels.action import Action
from channels.agent import Agent
from channels.command import AddComment, Base, Command, CreateCustomer, DeleteComment, EditComment, UpdateCustomer
from channels.customer import Customer
from channels.decide import Evidence, changed_since, referenced_agents
from channels.errors import NotFound
from channels.mentions import mentioned_usernames
from persistence.database import Database
from persistence.lending import Connection
from persistence.queries import queries
from persistence.rows import action_from, agent_from, customer_from

SQL = queries("recorder")

ACTIONS_SHOWN = 100
"""A conflict shows at most so many of the latest actions since the base."""


async def gather(
    connection: Connection, commands: Mapping[int, Command], customers: Mapping[int, Customer]
) -> dict[int, Evidence]:
    """The evidence for each command, by the same keys. A plain comment needs none and costs no query."""
    agents, usernames = await _named_agents(connection, commands.values())
    evidence = {}
    for index, command in commands.items():
        own = Evidence(agents=agents, usernames=usernames)
        if not isinstance(command.intent, CreateCustomer):
            customer = customers.get(command.intent.customer_id)
            if customer is not None:
                own = await _about_customer(connection, command, customer, own)
        evidence[index] = own
    return evidence


async def _named_agents(connection: Connection, commands: Iterable[Command]) -> tuple[dict[int, Agent], dict[str, int]]:
    ids: set[int] = set()
    names: set[str] = set()
    for command in commands:
        ids |= referenced_agents(command.intent)
        body = getattr(command.intent, "body", None)
        if body is not None and "@" in body:
            names.update(mentioned_usernames(body))
    if not ids and not names:
        return {}, {}
    agents = [agent_from(row) for row in await connection.fetch(SQL["named_agents"], list(ids), list(names))]
    return {agent.id: agent for agent in agents}, {agent.username: agent.id for agent in agents if agent.active}


async def _about_customer(connection: Connection, command: Command, customer: Customer, evidence: Evidence) -> Evidence:
    match command.intent:
        case UpdateCustomer(base=Base() as base) if changed_since(customer, base):
            return replace(evidence, actions=await changes_since(connection, customer.id, base))
        case AddComment(reply_to=reply_to, seen_offset=seen_offset):
            if reply_to is not None:
                history = await _comment(connection, customer.id, reply_to)
                evidence = replace(evidence, target=history[0] if history else None)
            if seen_offset is not None and seen_offset < customer.offset:
                rows = await connection.fetch(SQL["actions_after_offset"], customer.id, seen_offset, ACTIONS_SHOWN)
                evidence = replace(evidence, actions=[action_from(row) for row in reversed(rows)])
        case EditComment(offset=offset) | DeleteComment(offset=offset):
            history = await _comment(connection, customer.id, offset)
            if history and history[0].offset == offset:
                evidence = replace(evidence, target=history[0], target_history=history[1:])
    return evidence


async def customer_and_changes(database: Database, customer_id: int, base: Base) -> tuple[Customer, list[Action]]:
    """A customer and the latest actions that changed its fields after a base, in one snapshot.

    Raises NotFound.
    """
    async with database.snapshot() as connection:
        rows = await connection.fetch(SQL["customers_by_id"], [customer_id])
        if not rows:
            raise NotFound(f"there is no customer {customer_id}")
        return customer_from(rows[0]), await changes_since(connection, customer_id, base)


async def changes_since(connection: Connection, customer_id: int, base: Base) -> list[Action]:
    """The latest actions that changed fields after the base, ascending."""
    if base.updated_at is not None:
        rows = await connection.fetch(SQL["changes_after_time"], customer_id, base.updated_at, ACTIONS_SHOWN)
    else:
        rows = await connection.fetch(SQL["changes_after_version"], customer_id, base.version or 0, ACTIONS_SHOWN)
    return [action_from(row) for row in reversed(rows)]


async def _comment(connection: Connection, customer_id: int, offset: int) -> list[Action]:
    """The comment at an offset, followed by what was done to it."""
    rows = await connection.fetch(SQL["comment_with_history"], customer_id, offset)
    return [action_from(row) for row in rows]
