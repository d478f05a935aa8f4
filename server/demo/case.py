"""One customer's history, action by action. Every action is decided by the same rules as in a running server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from channels.action import Action
from channels.agent import Actor, Agent, Visibility
from channels.command import AddComment, Command, CreateCustomer, DeleteComment, EditComment, Intent, UpdateCustomer
from channels.customer import CUSTOM_FIELD, Customer, Priority, Status
from channels.decide import Decision, Evidence, decide
from channels.notice import NoticeType
from server.demo.content import Content
from server.demo.story import Story

FINGERPRINT = 16
"""Bytes of a command's fingerprint. Nobody will repeat these commands, so they need not be the true ones."""


@dataclass(frozen=True, slots=True)
class Update:
    """A change of fields that is part of the plan."""

    changes: dict[str, Any]
    actor: Agent


TALK = None
"""The step of a plan that is a comment, or is done to one."""

Step = Update | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen to a customer: `first` at its creation, then the steps, at the times (seconds since 1970)."""

    number: int
    first: Update
    steps: Sequence[Step]
    times: Sequence[float]


class Case:
    """Plays a plan. The rows are in the columns of `persistence.bulk`."""

    def __init__(self, random: Random, content: Content, knowledge: Evidence) -> None:
        self._random = random
        self._content = content
        self._knowledge = knowledge
        self.action_rows: list[tuple[Any, ...]] = []
        self.notices: list[tuple[datetime, int, NoticeType, int, int]] = []  # time, agent, type, customer, offset
        self.read: dict[int, int] = {}  # by agent: the offset of its own latest action
        self._comments: list[Action] = []  # those that can be answered, edited and deleted
        self._edits: dict[int, list[Action]] = {}

    def play(self, plan: Plan) -> Customer:
        """The customer as the plan leaves it."""
        values = plan.first.changes
        self._story = Story(self._random, self._content, values["fields.contact"].partition(" ")[0])
        moment = datetime.fromtimestamp(plan.times[0], UTC)
        self._customer = _draft(plan.number, values, moment)
        self._do(plan.first.actor, CreateCustomer(values), moment, self._knowledge)
        for step, time in zip(plan.steps, plan.times[1:], strict=True):
            moment = datetime.fromtimestamp(time, UTC)
            if step is TALK:
                self._talk(moment)
            else:
                self._do(step.actor, UpdateCustomer(plan.number, step.changes, None), moment, self._knowledge)
        return replace(self._customer, updated_at=self._changed_at)

    def _talk(self, moment: datetime) -> None:
        choice = self._random.random()
        if choice < 0.05 and self._comments:
            self._touch_comment(moment, delete=choice < 0.015)
        elif choice < 0.17 and self._comments:
            target = self._random.choice(self._comments[-6:])
            author = self._somebody(besides=target.actor.id)
            intent = AddComment(self._customer.id, self._story.reply(), reply_to=target.offset)
            self._comments.append(self._say(author, intent, moment, self._about(target)))
        elif choice < 0.24:
            author = self._somebody()
            named = self._somebody(besides=author.id)
            intent = AddComment(self._customer.id, self._story.mention(named.username))
            self._comments.append(self._say(author, intent, moment, self._knowledge))
        else:
            intent = AddComment(self._customer.id, self._story.comment(self._customer.status))
            self._comments.append(self._say(self._somebody(), intent, moment, self._knowledge))

    def _touch_comment(self, moment: datetime, *, delete: bool) -> None:
        target = self._random.choice(self._comments[-4:])
        edits = self._edits.get(target.offset, [])
        evidence = self._about(target, edits)
        author = self._knowledge.agents[target.actor.id]
        if delete:
            self._comments.remove(target)
            self._do(author, DeleteComment(self._customer.id, target.offset), moment, evidence)
            return
        before = (edits[-1] if edits else target).body or ""
        body = self._story.edited(before)
        edit = self._say(author, EditComment(self._customer.id, target.offset, body), moment, evidence)
        self._edits[target.offset] = [*edits, edit]

    def _about(self, target: Action, history: Sequence[Action] = ()) -> Evidence:
        known = self._knowledge
        return Evidence(target=target, target_history=history, agents=known.agents, usernames=known.usernames)

    def _somebody(self, besides: int | None = None) -> Agent:
        """Who writes: mostly the one whose customer it is."""
        while True:
            choice = self._random.random()
            if choice < 0.66 and self._customer.assigned_to not in (None, besides):
                return self._knowledge.agents[self._customer.assigned_to or 0]
            agent = self._content.supervisor if choice > 0.96 else self._random.choice(self._content.staff)
            if agent.id != besides:
                return agent

    def _do(self, agent: Agent, intent: Intent, moment: datetime, evidence: Evidence) -> Decision:
        command_id = UUID(int=self._random.getrandbits(128), version=4)
        decision = decide(self._customer, Command(agent, Visibility.ALL, intent, command_id), evidence)
        if decision is None:
            raise RuntimeError(f"the plan has a step that changes nothing: {intent}")
        self._customer = customer = decision.customer
        if decision.changes:
            self._changed_at = moment
        self.read[agent.id] = customer.offset
        self.action_rows.append(
            (
                *(customer.id, customer.offset, decision.kind, agent.id, decision.body, decision.reply_to),
                decision.mentions,
                {name: {"from": change.before, "to": change.after} for name, change in decision.changes.items()},
                *(customer.version, command_id, self._random.randbytes(FINGERPRINT), moment),
            )
        )
        for agent_id, kind in decision.notices:
            self.notices.append((moment, agent_id, kind, customer.id, customer.offset))
        return decision

    def _say(self, agent: Agent, intent: AddComment | EditComment, moment: datetime, evidence: Evidence) -> Action:
        """Does it, and returns it as an action that others can refer to."""
        decision = self._do(agent, intent, moment, evidence)
        return Action(
            id=0,  # the database numbers them
            customer_id=decision.customer.id,
            offset=decision.customer.offset,
            kind=decision.kind,
            actor=Actor(agent.id, agent.name),
            body=decision.body,
            reply_to=decision.reply_to,
            mentions=decision.mentions,
            changes={},
            version=decision.customer.version,
            command_id=None,
            created_at=moment,
        )


def customer_row(customer: Customer) -> tuple[Any, ...]:
    """A customer as a row of `customers`, in the order of its columns."""
    return (
        *(customer.id, customer.ref, customer.name, customer.email, customer.phone, customer.status),
        *(customer.priority, customer.assigned_to, customer.archived, customer.fields, customer.field_versions),
        *(customer.version, customer.offset, customer.created_at, customer.updated_at),
    )


def _draft(number: int, values: dict[str, Any], moment: datetime) -> Customer:
    fields = {n.removeprefix(CUSTOM_FIELD): value for n, value in values.items() if n.startswith(CUSTOM_FIELD)}
    return Customer(
        id=number,
        ref=values["ref"],
        name=values["name"],
        email=values["email"],
        phone=values["phone"],
        status=Status.NEW,
        priority=values.get("priority", Priority.NORMAL),
        assigned_to=values.get("assigned_to"),
        archived=False,
        fields=fields,
        version=0,
        offset=0,
        created_at=moment,
        updated_at=moment,
    )
