"""The permission at the HTTP door: a customer that the caller may not see is one that does not exist."""

from __future__ import annotations

from uuid import UUID

from channels.agent import Agent
from channels.command import CustomerCommand, Intent
from channels.customer import Customer
from channels.errors import NotFound, PermissionDenied
from persistence.recorder import Recorded
from server.auth.authenticate import Caller
from server.perform import perform
from server.services import Services


def may_see(services: Services, agent: Agent, customer: Customer) -> bool:
    return agent.may_see(customer.assigned_to, services.settings.visibility)


async def visible_customer(services: Services, agent: Agent, customer_id: int) -> Customer:
    """Raises NotFound, in the same words whether there is none or it is out of sight."""
    customer = await services.customers.get(customer_id)
    if customer is None or not may_see(services, agent, customer):
        raise NotFound(f"there is no customer {customer_id}")
    return customer


async def write(services: Services, caller: Caller, intent: Intent, command_id: UUID) -> Recorded:
    """Performs a command. What is refused because the customer is out of sight is not found instead."""
    try:
        return await perform(services, caller.agent, intent, command_id)
    except PermissionDenied:
        if isinstance(intent, CustomerCommand):
            await visible_customer(services, caller.agent, intent.customer_id)
        raise
