"""Who writes: carries its steps out one after another, and each command until it knows what became of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace

from channels.agent import Agent
from tests.faults.history import Acknowledged, Comment, History, Invoked, Refused, Unknown, Update, Wish
from tests.faults.plan import Kind, Step
from tests.faults.sending import Answer, Denied, Unsure, Way

BREATH = 0.05
"""Seconds before a command is tried again."""

NAMESPACE = uuid.UUID("6c1ffb8e-54f3-4f6e-9d2c-2f2a3f0c5f11")


class Known:
    """What the scribes know of the customers, from the answers that they got: offsets and versions. `onlooker` is the
    agent who views, `people` whom the plan's names of assignees mean."""

    def __init__(self, history: History, customers: Sequence[int], onlooker: Agent, scribe: Agent) -> None:
        self.history = history
        self.customers = customers
        self.onlooker = onlooker
        self.people = {"the onlooker": onlooker.id, "a scribe": scribe.id, "nobody": None}
        self.tops = dict.fromkeys(customers, 1)
        self.versions = dict.fromkeys(customers, 1)
        self.attempted = self.acknowledged = 0
        self.under_way: set[int] = set()

    def learn(self, customer_id: int, offset: int, version: int) -> None:
        self.tops[customer_id] = max(self.tops[customer_id], offset)
        self.versions[customer_id] = max(self.versions[customer_id], version)


class Scribe:
    """`ways` are its clients, in different places; a retry may go another way than the first attempt."""

    def __init__(self, agent: Agent, ways: Sequence[Way], known: Known) -> None:
        self.agent = agent
        self._ways = ways
        self._known = known

    async def work(self, steps: Sequence[Step]) -> None:
        for step in steps:
            await self._take(step)

    async def _take(self, step: Step) -> None:
        customer_id = self._known.customers[step.customer]
        command_id = str(uuid.uuid5(NAMESPACE, step.name))
        wish = self._wish(step, customer_id)
        if step.kind is Kind.RACE:
            other = (
                replace(wish, changes={step.field: self._value(step, another(step))})
                if isinstance(wish, Update)
                else wish
            )
            rival = str(uuid.uuid5(NAMESPACE, f"{step.name} rival"))
            await asyncio.gather(
                self.carry_out(customer_id, command_id, wish, step.way),
                self.carry_out(customer_id, rival, other, step.way + 1),
            )
        elif step.kind is Kind.TWICE:
            await asyncio.gather(*(self.carry_out(customer_id, command_id, wish, step.way + n) for n in range(2)))
        else:
            await self.carry_out(customer_id, command_id, wish, step.way)
            if step.kind is Kind.REUSE:
                await self.carry_out(customer_id, command_id, Comment(f"{step.name} anew"), step.way + 1)

    def _wish(self, step: Step, customer_id: int) -> Wish:
        match step.kind:
            case Kind.UPDATE | Kind.STRICT | Kind.RACE:
                base = max(1, self._known.versions[customer_id] - step.behind)
                return Update({step.field: self._value(step, step.value)}, base, strict=step.kind is Kind.STRICT)
            case Kind.CAREFUL:
                return Comment(step.name, seen_offset=max(1, self._known.tops[customer_id] - step.behind))
            case Kind.MENTION:
                return Comment(f"{step.name}, @{self._known.onlooker.username}")
            case _:
                return Comment(step.name)

    def _value(self, step: Step, value: object) -> object:
        return self._known.people[str(value)] if step.field == "assigned_to" else value

    async def comment(self, customer_id: int, name: str, body: str) -> None:
        """One more comment, beside the steps."""
        await self.carry_out(customer_id, str(uuid.uuid5(NAMESPACE, name)), Comment(body), 0)

    async def carry_out(self, customer_id: int, command_id: str, wish: Wish, way: int) -> None:
        """Tries until there is an answer, by another way each time."""
        while not await self._attempt(customer_id, command_id, wish, self._ways[way % len(self._ways)]):
            way += 1
            await asyncio.sleep(BREATH)

    async def _attempt(self, customer_id: int, command_id: str, wish: Wish, way: Way) -> bool:
        history, known = self._known.history, self._known
        attempt = history.next_attempt()
        history.append(Invoked(history.clock(), attempt, self.agent.id, command_id, customer_id, wish, way.name))
        known.attempted += 1
        known.under_way.add(attempt)
        try:
            answer = await way.send(customer_id, command_id, wish)
        except Unsure as error:
            history.append(Unknown(history.clock(), attempt, str(error)))
            return False
        except Denied as error:
            history.append(Refused(history.clock(), attempt, error.name, error.document))
            if error.document is not None and "customer" in error.document:
                known.learn(customer_id, error.document["customer"]["offset"], error.document["customer"]["version"])
            return True
        finally:
            known.under_way.discard(attempt)
        self._acknowledge(attempt, customer_id, answer)
        return True

    def _acknowledge(self, attempt: int, customer_id: int, answer: Answer) -> None:
        history = self._known.history
        history.append(Acknowledged(history.clock(), attempt, answer.action, answer.replayed))
        self._known.acknowledged += 1
        if answer.action is not None:
            self._known.learn(customer_id, answer.action["offset"], answer.action["version"])


def another(step: Step) -> object:
    """Another value of the same field."""
    others = {"status": "closed", "priority": "urgent", "assigned_to": "nobody"}
    if step.value == "nobody":
        return "the onlooker"
    return others.get(step.field, f"{step.value} rival")
