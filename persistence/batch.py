"""One transaction for the commands that waited together: lock, find replays, gather, decide, write, commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from channels.action import Action
from channels.agent import Actor
from channels.command import Command, CreateCustomer
from channels.customer import Customer, Priority, Status
from channels.decide import Decision, decide
from channels.errors import CasewireError, CommandIdReused, NotFound
from channels.notice import Notice
from persistence.database import Database
from persistence.evidence import gather
from persistence.lending import Connection
from persistence.queries import queries
from persistence.rows import action_from, customer_from

SQL = queries("recorder")


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome of a command: the customer as it is now, and the action (None: nothing would change)."""

    customer: Customer
    action: Action | None
    replayed: bool = False
    notices: tuple[Notice, ...] = ()

    @property
    def written(self) -> bool:
        return self.action is not None and not self.replayed


@dataclass(frozen=True, slots=True)
class _Decided:
    """A command and what is to be written for it."""

    command: Command
    decision: Decision

    @property
    def key(self) -> tuple[int, int]:
        return self.decision.customer.id, self.decision.customer.offset


Outcome = Recorded | CasewireError


async def record_batch(database: Database, commands: Sequence[Command]) -> list[Outcome]:
    """Records commands in one transaction; one outcome each, in their order.

    A refused command is an outcome and harms nobody; an exception means that nothing was committed, or
    (OutcomeUnknown) that nobody knows.
    """
    async with database.writing() as connection:
        batch = _Batch(connection, commands)
        await batch.lock()
        await batch.find_replays()
        await batch.decide()
        await batch.write()
        return batch.outcomes()


class _Batch:
    """`_settled` and `_decided` are keyed by the command's place in the batch, `_written` by the action's."""

    def __init__(self, connection: Connection, commands: Sequence[Command]) -> None:
        self._connection = connection
        self._commands = commands
        self._customers: dict[int, Customer] = {}
        self._settled: dict[int, Outcome] = {}
        self._decided: dict[int, _Decided] = {}
        self._written: dict[tuple[int, int], Action] = {}
        self._notices: dict[tuple[int, int], tuple[Notice, ...]] = {}

    async def lock(self) -> None:
        intents = (command.intent for command in self._commands)
        ids = {intent.customer_id for intent in intents if not isinstance(intent, CreateCustomer)}
        if ids:
            rows = await self._connection.fetch(SQL["lock_customers"], sorted(ids))
            self._customers = {row["id"]: customer_from(row) for row in rows}

    async def find_replays(self) -> None:
        """After the locks: a retry that waited for its first attempt sees what that one has committed."""
        rows = await self._connection.fetch(
            SQL["find_replays"],
            [command.agent.id for command in self._commands],
            [command.command_id for command in self._commands],
        )
        found = {(row["actor_id"], row["command_id"]): row for row in rows}
        for index, command in enumerate(self._commands):
            row = found.get((command.agent.id, command.command_id))
            if row is None:
                continue
            if row["command_fingerprint"] != command.fingerprint():
                self._settled[index] = CommandIdReused("this command_id was used for something else")
                continue
            customer = self._customers.get(row["customer_id"]) or await self._customer(row["customer_id"])
            self._settled[index] = Recorded(customer, action_from(row), replayed=True)

    async def _customer(self, customer_id: int) -> Customer:
        rows = await self._connection.fetch(SQL["customers_by_id"], [customer_id])
        return customer_from(rows[0])

    async def decide(self) -> None:
        open_commands = {index: c for index, c in enumerate(self._commands) if index not in self._settled}
        evidence = await gather(self._connection, open_commands, self._customers)
        for index, command in open_commands.items():
            try:
                customer = self._subject(command)
                decision = decide(customer, command, evidence[index])
            except CasewireError as refusal:
                self._settled[index] = refusal
                continue
            if decision is None:
                self._settled[index] = Recorded(customer, None)
                continue
            if isinstance(command.intent, CreateCustomer):
                decision = replace(decision, customer=await self._insert_customer(decision.customer))
            self._customers[decision.customer.id] = decision.customer
            self._decided[index] = _Decided(command, decision)

    def _subject(self, command: Command) -> Customer:
        if isinstance(command.intent, CreateCustomer):
            return _draft(command.intent.values)
        customer = self._customers.get(command.intent.customer_id)
        if customer is None:
            raise NotFound(f"there is no customer {command.intent.customer_id}")
        return customer

    async def _insert_customer(self, draft: Customer) -> Customer:
        rows = await self._connection.fetch(SQL["insert_customer"], *_columns(draft))
        return replace(draft, id=rows[0]["id"], created_at=rows[0]["created_at"], updated_at=rows[0]["created_at"])

    async def write(self) -> None:
        if self._decided:
            await self._insert_actions()
            await self._update_customers()
            await self._insert_notices()

    async def _insert_actions(self) -> None:
        decided = list(self._decided.values())
        changed = {customer_id for customer_id, _ in (d.key for d in decided if d.decision.changes)}
        moved = {customer_id: offset for customer_id, offset in (d.key for d in decided) if customer_id not in changed}
        columns = zip(*map(_action_columns, decided), strict=True)
        rows = await self._connection.fetch(
            SQL["insert_actions"], *map(list, columns), list(moved.keys()), list(moved.values())
        )
        stamps = {(row["customer_id"], row["offset"]): (row["id"], row["created_at"]) for row in rows}
        self._written = {d.key: _action(d, *stamps[d.key]) for d in decided}

    async def _update_customers(self) -> None:
        moments = {d.key[0]: self._written[d.key].created_at for d in self._decided.values() if d.decision.changes}
        for customer_id, moment in moments.items():
            customer = self._customers[customer_id]
            await self._connection.execute(
                SQL["update_customer"],
                customer_id,
                *_columns(customer),
                customer.field_versions,
                customer.version,
                customer.offset,
                moment,
            )

    async def _insert_notices(self) -> None:
        wanted = [(d.key, agent_id, kind) for d in self._decided.values() for agent_id, kind in d.decision.notices]
        if not wanted:
            return
        ids = sorted({agent_id for _, agent_id, _ in wanted})
        tops = {row["agent_id"]: row["offset"] for row in await self._connection.fetch(SQL["lock_inboxes"], ids)}
        notices = []
        for key, agent_id, kind in wanted:
            tops[agent_id] += 1
            action = self._written[key]
            notice = Notice(agent_id, tops[agent_id], kind, action, action.created_at)
            self._notices[key] = (*self._notices.get(key, ()), notice)
            notices.append(notice)
        columns = zip(*map(_notice_columns, notices), strict=True)
        await self._connection.execute(SQL["insert_notices"], *map(list, columns))

    def outcomes(self) -> list[Outcome]:
        updated: dict[int, datetime] = {}
        return [self._settled.get(index) or self._recorded(index, updated) for index in range(len(self._commands))]

    def _recorded(self, index: int, updated: dict[int, datetime]) -> Recorded:
        """`updated`: when the customers of this batch were changed so far, which no decision could know yet."""
        decided = self._decided[index]
        customer, action = decided.decision.customer, self._written[decided.key]
        if decided.decision.changes:
            updated[customer.id] = action.created_at
        if customer.id in updated:
            customer = replace(customer, updated_at=updated[customer.id])
        return Recorded(customer, action, notices=self._notices.get(decided.key, ()))


def _draft(values: Mapping[str, Any]) -> Customer:
    """A customer before it has an id."""
    unset = datetime.fromtimestamp(0, UTC)
    columns = {name: value for name, value in values.items() if not name.startswith("fields.")}
    fields = {name.removeprefix("fields."): v for name, v in values.items() if name.startswith("fields.")}
    defaults: dict[str, Any] = {
        "ref": None,
        "email": None,
        "phone": None,
        "status": Status.NEW,
        "priority": Priority.NORMAL,
        "assigned_to": None,
        "archived": False,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    return Customer(
        id=0, fields=fields, version=0, offset=0, created_at=unset, updated_at=unset, **{**defaults, **columns}
    )


def _columns(customer: Customer) -> tuple[Any, ...]:
    return (
        customer.ref,
        customer.name,
        customer.email,
        customer.phone,
        customer.status,
        customer.priority,
        customer.assigned_to,
        customer.archived,
        customer.fields,
    )


def _action_columns(decided: _Decided) -> tuple[Any, ...]:
    command, decision = decided.command, decided.decision
    return (
        *decided.key,
        decision.kind,
        command.agent.id,
        decision.body,
        decision.reply_to,
        decision.mentions,
        {name: {"from": change.before, "to": change.after} for name, change in decision.changes.items()},
        decision.customer.version,
        command.command_id,
        command.fingerprint(),
    )


def _action(decided: _Decided, action_id: int, created_at: datetime) -> Action:
    command, decision = decided.command, decided.decision
    return Action(
        id=action_id,
        customer_id=decision.customer.id,
        offset=decision.customer.offset,
        kind=decision.kind,
        actor=Actor(command.agent.id, command.agent.name),
        body=decision.body,
        reply_to=decision.reply_to,
        mentions=decision.mentions,
        changes=decision.changes,
        version=decision.customer.version,
        command_id=command.command_id,
        created_at=created_at,
    )


def _notice_columns(notice: Notice) -> tuple[Any, ...]:
    action = notice.action
    return (notice.agent_id, notice.offset, notice.type, action.customer_id, action.offset, notice.created_at)
