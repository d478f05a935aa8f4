"""The example history as a whole: always the same for a seed, except that it ends now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from random import Random
from typing import Any

from channels.agent import Agent
from channels.customer import Customer, Status
from channels.decide import Evidence
from persistence.bulk import History
from server.demo.case import Case, customer_row
from server.demo.content import Content, load_content
from server.demo.planning import Outline, Planner

SEED = 20_261_123
PASSWORD = "casewire"  # noqa: S105 # reason: the demo's, printed on the screen


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to be. `first` is for the first agent, `each` for every other one who has customers."""

    actions: int = 100_000
    first: int = 1_200
    each: int = 500
    unassigned: int = 150
    archived: int = 150


def example_history(
    password_hash: str, size: Size = Size(), *, seed: int = SEED, now: datetime | None = None
) -> History:
    """Every row of it. Takes a few seconds of this thread at full size."""
    random = Random(seed)  # noqa: S311 # reason: the same chance each time is what is wanted
    content = load_content()
    planner = Planner(random, content, (now or datetime.now(UTC)).timestamp())
    first, *others = content.staff
    shares: list[tuple[Agent | None, int]] = [(first, size.first), *((agent, size.each) for agent in others)]
    outlines = planner.outlines([*shares, (None, size.unassigned + size.archived)], size.archived)
    updates = [planner.updates(outline) for outline in outlines]
    talk = _talk(outlines, size.actions - sum(map(len, updates)))
    return _played(random, content, planner, list(zip(outlines, updates, talk, strict=True)), password_hash)


def _talk(outlines: Sequence[Outline], total: int) -> list[int]:
    """How many comments each customer gets: few for most, very many for some, `total` together."""
    if total < 0:
        raise ValueError("there are more changes of fields than actions are wanted")
    fame = sum(outline.fame for outline in outlines)
    counts = [int(total * outline.fame / fame) for outline in outlines]
    for place in range(total - sum(counts)):
        counts[place % len(counts)] += 1
    return counts


def _played(
    random: Random, content: Content, planner: Planner, plans: Sequence[tuple[Outline, Any, int]], password_hash: str
) -> History:
    agents = {agent.id: agent for agent in content.everybody}
    knowledge = Evidence(agents=agents, usernames={agent.username: agent.id for agent in content.everybody})
    customers: list[tuple[Any, ...]] = []
    actions: list[tuple[Any, ...]] = []
    notices: list[tuple[Any, ...]] = []
    marks: list[tuple[int, int, int]] = []
    for outline, updates, talk in plans:
        case = Case(random, content, knowledge)
        customer = case.play(planner.plan(outline, updates, talk))
        customers.append(customer_row(customer))
        actions += case.action_rows
        notices += case.notices
        marks += _marks(random, customer, case.read)
    actions.sort(key=itemgetter(-1))
    numbered, tops = _numbered(notices)
    return History(
        agents=[(a.id, a.username, a.name, a.role, password_hash) for a in content.everybody],
        inboxes=[(a.id, tops[a.id], max(0, tops[a.id] - random.randint(2, 9))) for a in content.everybody],
        customers=customers,
        actions=actions,
        notices=numbered,
        read_marks=marks,
    )


def _marks(random: Random, customer: Customer, own: dict[int, int]) -> list[tuple[int, int, int]]:
    """Everybody has read up to what they wrote themselves; whoever has the customer mostly has read all."""
    read = dict(own)
    owner = customer.assigned_to
    if owner is not None:
        finished = customer.status in (Status.RESOLVED, Status.CLOSED)
        missed = 0 if random.random() < (0.97 if finished else 0.75) else random.randint(1, 5)
        read[owner] = max(read.get(owner, 0), customer.offset - missed)
    return [(agent_id, customer.id, offset) for agent_id, offset in read.items() if offset > 0]


def _numbered(notices: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], Counter[int]]:
    """The notices with their offsets in the agents' inboxes, and how many each agent has."""
    tops: Counter[int] = Counter()
    rows = []
    for moment, agent_id, kind, customer_id, action_offset in sorted(notices):
        tops[agent_id] += 1
        rows.append((agent_id, tops[agent_id], kind, customer_id, action_offset, moment))
    return rows, tops
