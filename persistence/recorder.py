"""The one writer. Every change of a customer goes through `Recorder.record`.

Commands that wait at the same moment are recorded together in one transaction (a group commit), each
with its own outcome: lock the customers in id order, find replays, read the evidence, decide, write,
commit. What was committed is handed to `committed` at once, in commit order per customer, before the
callers are answered and whether or not they are still there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import asyncpg

from channels.command import AddComment, Command, CreateCustomer, UpdateCustomer
from channels.errors import AlreadyExists, CasewireError, DatabaseUnavailable, OutcomeUnknown
from persistence.batch import Recorded, record_batch
from persistence.comments import is_plain, record_comments
from persistence.database import Database, DatabaseBusy

__all__ = ["Recorded", "Recorder"]

BATCH_LIMIT = 64
BATCHES_AT_ONCE = 4
COMMAND_CONSTRAINT = "customer_actions_command"


Committed = Callable[[Sequence[Recorded]], None]


class _Waiting:
    """A command on its way, and the caller's future."""

    __slots__ = ("command", "customer_id", "outcome", "plain")

    def __init__(self, command: Command, loop: asyncio.AbstractEventLoop) -> None:
        self.command = command
        self.customer_id = None if isinstance(command.intent, CreateCustomer) else command.intent.customer_id
        self.plain = is_plain(command)
        self.outcome: asyncio.Future[Recorded] = loop.create_future()

    def can_follow_in_batch(self) -> bool:
        """Whether the decision can be made without the log entries that the same batch is about to write."""
        intent = self.command.intent
        if isinstance(intent, UpdateCustomer):
            return intent.base is None
        return isinstance(intent, AddComment) and intent.seen_offset is None


class Recorder:
    """Call `record` from any task; the batches run in tasks of `tasks`, which the process owns."""

    def __init__(self, database: Database, tasks: asyncio.TaskGroup, committed: Committed) -> None:
        self._database = database
        self._tasks = tasks
        self._committed = committed
        self._queue: deque[_Waiting] = deque()
        self._busy: set[int] = set()  # customers of the batches under way
        self._running = 0
        self._loop = asyncio.get_running_loop()
        self._starting = False

    async def record(self, command: Command) -> Recorded:
        """Records a command, durably. A caller that is cancelled does not cancel the write.

        Raises the refusals of `channels.decide`, CommandIdReused, AlreadyExists, DatabaseUnavailable, and
        OutcomeUnknown where the database went away in the middle of a commit.
        """
        waiting = _Waiting(command, self._loop)
        self._queue.append(waiting)
        if not self._starting:
            self._starting = True
            self._loop.call_soon(self._start_batches)  # together with whatever else comes in this turn of the loop
        return await waiting.outcome

    @property
    def waiting(self) -> int:
        """How many commands wait for a batch."""
        return len(self._queue)

    def _start_batches(self) -> None:
        self._starting = False
        while self._queue and self._running < BATCHES_AT_ONCE:
            batch = self._next_batch()
            if not batch:
                return  # all that wait concern customers of batches under way
            self._running += 1
            self._busy.update(w.customer_id for w in batch if w.customer_id is not None)
            self._tasks.create_task(self._run(batch), name="record")

    def _next_batch(self) -> list[_Waiting]:
        """Takes what can be recorded together now, in order of arrival for each customer.

        A customer that a batch under way holds is left for later: its commands would only wait for the
        row lock, and could overtake each other.
        """
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        taken: set[int] = set()
        blocked: set[int] = set(self._busy)
        commands: set[tuple[int, object]] = set()
        while self._queue and len(batch) < BATCH_LIMIT:
            waiting = self._queue.popleft()
            customer_id = waiting.customer_id
            command = (waiting.command.agent.id, waiting.command.command_id)
            alone = customer_id in taken and not waiting.can_follow_in_batch()
            if customer_id in blocked or alone or command in commands:
                later.append(waiting)
                if customer_id is not None:
                    blocked.add(customer_id)
                continue
            batch.append(waiting)
            commands.add(command)
            if customer_id is not None:
                taken.add(customer_id)
        self._queue.extendleft(reversed(later))
        return batch

    async def _run(self, batch: list[_Waiting]) -> None:
        try:
            await self._record_together(batch)
        finally:
            self._busy.difference_update(w.customer_id for w in batch if w.customer_id is not None)
            self._running -= 1
            self._start_batches()

    async def _record_together(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = await self._attempt(batch)
        except Exception as error:  # noqa: BLE001 # reason: the writer's supervised boundary; every caller is told
            gone = isinstance(error, DatabaseUnavailable) and not isinstance(error, DatabaseBusy)
            if gone or len(batch) == 1:
                for waiting in batch:
                    _settle(waiting, _named(error))
                return
            for waiting in batch:  # one of them is bad: each on its own, so that it harms no neighbour
                await self._record_together([waiting])
            return
        left: list[_Waiting] = []
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if outcome is None:
                waiting.plain = False
                left.append(waiting)
            else:
                _settle(waiting, outcome)
        if left:
            await self._record_together(left)

    async def _attempt(self, batch: list[_Waiting]) -> Sequence[Recorded | CasewireError | None]:
        """Commits a batch and hands on what it wrote. None for what the short way left to the general one.

        Where the connection was lost, or another node wrote the same `command_id` at the same moment, it
        is tried once more: the replay lookup then tells what has happened.
        """
        commands = [waiting.command for waiting in batch]
        outcomes: Sequence[Recorded | CasewireError | None]
        try:
            if all(waiting.plain for waiting in batch):
                outcomes = await record_comments(self._database, commands)
            else:
                outcomes = await record_batch(self._database, commands)
        except DatabaseBusy:
            raise
        except (DatabaseUnavailable, asyncpg.UniqueViolationError) as error:
            if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name != COMMAND_CONSTRAINT:
                raise
            outcomes = await self._attempt_again(commands, unknown=isinstance(error, OutcomeUnknown))
        # what is found as a replay is told too: whoever recorded it may not have known, or not have lived to tell
        committed = [outcome for outcome in outcomes if isinstance(outcome, Recorded) and outcome.action is not None]
        if committed:
            self._committed(committed)
        return outcomes

    async def _attempt_again(self, commands: list[Command], *, unknown: bool) -> list[Recorded | CasewireError]:
        try:
            return await record_batch(self._database, commands)
        except DatabaseUnavailable:
            if unknown:
                raise OutcomeUnknown from None  # of the first attempt, whatever became of this one
            raise


def _settle(waiting: _Waiting, outcome: Recorded | Exception) -> None:
    if waiting.outcome.done():
        return
    if isinstance(outcome, Recorded):
        waiting.outcome.set_result(outcome)
    else:
        waiting.outcome.set_exception(outcome)


def _named(error: Exception) -> Exception:
    """Names the constraint that a single command broke."""
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "customers_ref_key":
        return AlreadyExists("ref", "this ref")
    return error
