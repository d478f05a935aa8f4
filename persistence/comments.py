"""The writer's short way: comments that need no evidence, in one statement, which is one round trip.

Most of what agents write is a comment that mentions nobody, answers nothing and names no `seen_offset`. To
decide it takes its customer alone, so PostgreSQL can lock, check, number and write in a single statement,
which is a transaction of its own. What that statement cannot record (a replay, a customer that is not there
or not to be seen) it leaves out, and the general way in `persistence.batch` says why.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.action import Action, ActionKind
from channels.agent import Actor
from channels.command import AddComment, Command
from persistence.batch import Recorded
from persistence.database import Database
from persistence.queries import queries
from persistence.rows import Row, customer_from

SQL = queries("recorder")


def is_plain(command: Command) -> bool:
    """Whether the decision needs nothing but the customer."""
    intent = command.intent
    return (
        isinstance(intent, AddComment)
        and command.agent.active
        and intent.reply_to is None
        and intent.seen_offset is None
        and "@" not in intent.body
    )


async def record_comments(database: Database, commands: Sequence[Command]) -> list[Recorded | None]:
    """Records plain comments, durably; None for each that the general way has to look at.

    An exception means that nothing was committed, or (OutcomeUnknown) that nobody knows.
    """
    columns = zip(*map(_columns, commands), strict=True)
    async with database.committing() as connection:
        rows = await connection.fetch(SQL["record_comments"], *map(list, columns))
    recorded: list[Recorded | None] = [None] * len(commands)
    for row in rows:
        place = row["place"] - 1
        recorded[place] = _recorded(commands[place], row)
    return recorded


def _columns(command: Command) -> tuple[object, ...]:
    intent, agent = command.intent, command.agent
    assert isinstance(intent, AddComment)  # noqa: S101 # reason: `is_plain` was asked
    sees_all = agent.sees_all(command.visibility)
    return intent.customer_id, agent.id, sees_all, intent.body, command.command_id, command.fingerprint()


def _recorded(command: Command, row: Row) -> Recorded:
    """The row is the customer after the comment, with the action's id and time."""
    intent, agent = command.intent, command.agent
    assert isinstance(intent, AddComment)  # noqa: S101 # reason: `is_plain` was asked
    action = Action(
        id=row["action_id"],
        customer_id=intent.customer_id,
        offset=row["offset"],
        kind=ActionKind.COMMENT,
        actor=Actor(agent.id, agent.name),
        body=intent.body,
        reply_to=None,
        mentions=(),
        changes={},
        version=row["version"],
        command_id=command.command_id,
        created_at=row["written_at"],
    )
    return Recorded(customer_from(row), action)
