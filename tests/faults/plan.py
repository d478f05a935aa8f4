"""What a run will do, worked out from its seed beforehand: which writes, by whom and how, beside which faults."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    COMMENT = "comment"
    CAREFUL = "careful comment"  # with the offset that its author has seen
    UPDATE = "update"
    STRICT = "strict update"
    TWICE = "the same command by two ways at once"
    MENTION = "a comment that mentions the onlooker"
    REUSE = "a command id again, for something else"
    RACE = "two updates of one field from one version"


WEIGHTS = {
    Kind.COMMENT: 40,
    Kind.CAREFUL: 10,
    Kind.UPDATE: 25,
    Kind.STRICT: 5,
    Kind.TWICE: 8,
    Kind.MENTION: 8,
    Kind.REUSE: 4,
    Kind.RACE: 8,
}

FIELDS = ("status", "priority", "name", "fields.plan", "fields.seats", "assigned_to", "assigned_to")
VALUES = {
    "status": ("new", "open", "in_progress", "waiting", "resolved"),
    "priority": ("low", "normal", "high"),
    "assigned_to": ("the onlooker", "the onlooker", "a scribe", "nobody"),  # whose ids the stage knows
}
WAYS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One wish of one scribe. `behind`: how many versions its base lies behind what the scribe knows."""

    kind: Kind
    name: str
    customer: int
    way: int
    field: str
    value: object
    behind: int


@dataclass(frozen=True, slots=True)
class Round:
    """The steps of each scribe, and the fault that happens among them. `after`: how many attempts come before it;
    `hold`: seconds that it lasts at least, where it lasts."""

    number: int
    fault: str
    node: int
    after: int
    hold: float
    steps: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Scale:
    scribes: int = 5
    customers: int = 3
    steps: int = 6
    longest_hold: float = 0.3


def rounds(seed: int, faults: Sequence[str], scale: Scale) -> list[Round]:
    """One round for each of `faults`, in that order. The same for the same arguments."""
    chance = random.Random(seed)
    return [_round(chance, number, fault, scale) for number, fault in enumerate(faults)]


def shuffled(seed: int, kinds: Sequence[str], count: int) -> list[str]:
    """`count` faults: every kind once in each turn through all of them, in an order of its own."""
    chance = random.Random(seed)
    chosen: list[str] = []
    while len(chosen) < count:
        turn = list(kinds)
        chance.shuffle(turn)
        chosen += turn
    return chosen[:count]


def _round(chance: random.Random, number: int, fault: str, scale: Scale) -> Round:
    steps = tuple(
        tuple(_step(chance, f"{number}.{scribe}.{step}", scale) for step in range(scale.steps))
        for scribe in range(scale.scribes)
    )
    after = chance.randrange(scale.scribes)
    return Round(number, fault, chance.randrange(2), after, chance.uniform(0, scale.longest_hold), steps)


def _step(chance: random.Random, name: str, scale: Scale) -> Step:
    field = chance.choice(FIELDS)
    value: object = chance.choice(VALUES[field]) if field in VALUES else f"{field} {name}"
    kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    behind = chance.choice((0, 0, 0, 1, 2))
    # the first customer is the busy one
    customer = min(chance.randrange(scale.customers), chance.randrange(scale.customers))
    return Step(kind, name, customer, chance.randrange(WAYS), field, value, behind)
