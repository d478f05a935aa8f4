"""The checker: a history in, the violations of the contract's laws out. Pure; it is tested with wrong histories.

| law | what is looked for |
| --- | --- |
| 1 | per viewer and stream: a gap, a repetition, another order, a recovery that was refused |
| 1 | a list that is not what a fresh page is, or was not read again when its viewer was told to |
| 2 | a publication, a notice, a row or an acknowledgement of what is not in the log, or with other content |
| 2 | one that came before its commit |
| 3 | an acknowledged action that is not in the log, or not with this content; an agent who was not told of it |
| 4 | a command with two actions, two answers, or two payloads; a retry that was refused; a notice told twice |
| 5 | offsets (of actions, of notices) or versions with a gap; real time turned around |
| 5 | an update over a change that it had not seen |
| 6 | a refusal that nothing justifies, or whose document does not tell the truth |
| 7 | a viewer that was connected and did not have an action, a notice, or a right list in time |
| 9 | an answer that is neither success nor a clear refusal |

At the end each viewer's snapshot with its events laid over it must equal the fresh snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.faults.checker.facts import Facts, Violation
from tests.faults.checker.listing import listing
from tests.faults.checker.noticing import noticing
from tests.faults.checker.timeliness import late
from tests.faults.checker.viewing import viewing
from tests.faults.checker.writing import writing
from tests.faults.history import Event

__all__ = ["Violation", "check"]

BOUND = 5.0
"""Seconds of law 7."""


def check(events: Iterable[Event], bound: float = BOUND) -> list[Violation]:
    """All violations, in the order of the laws; none for a history that is right."""
    facts = Facts(events)
    views = [*viewing(facts), *noticing(facts), *listing(facts, bound), *late(facts, bound)]
    found = [*facts.contradictions, *writing(facts), *views]
    return sorted(found, key=lambda violation: violation.law)
