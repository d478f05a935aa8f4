"""What writers were told, against the log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.faults.checker.facts import Attempt, Command, Facts, Violation
from tests.faults.checker.refusals import refusals
from tests.faults.history import Acknowledged, Comment, FinalRead, Json, Unknown, Update, Wish

FIELDLESS = frozenset({"comment", "comment_edited", "comment_deleted"})


def writing(facts: Facts) -> Iterator[Violation]:
    for final in facts.final.values():
        yield from _numbered(final)
        yield from _chained(final)
    for command, attempts in facts.commands.items():
        yield from _kept(facts, attempts)
        yield from _once(facts, command, attempts)
        yield from _answered(attempts)
    yield from _seen_by_its_author(facts)
    yield from _in_real_time(facts)
    yield from refusals(facts)


def _numbered(final: FinalRead) -> Iterator[Violation]:
    """Offsets and versions count without a gap, and the customer says the last of each."""
    version = 0
    for expected, action in enumerate(final.actions, start=1):
        version += action["kind"] not in FIELDLESS
        if action["offset"] != expected:
            yield Violation(
                5, f"customer {final.customer_id}: offset {action['offset']} stands where {expected} belongs"
            )
            return
        if action["version"] != version:
            yield Violation(
                5, f"customer {final.customer_id}: action {expected} has version {action['version']}, not {version}"
            )
    if (final.customer["offset"], final.customer["version"]) != (len(final.actions), version):
        yield Violation(5, f"customer {final.customer_id} does not say offset {len(final.actions)}, version {version}")


def _chained(final: FinalRead) -> Iterator[Violation]:
    """Each change starts from what the one before it left."""
    values: dict[str, Any] = {}
    for action in final.actions:
        for name, change in action["changes"].items():
            if name in values and change["from"] != values[name]:
                yield Violation(
                    5,
                    f"customer {final.customer_id}: action {action['offset']} changes {name} from {change['from']!r},"
                    f" which was {values[name]!r}",
                )
            values[name] = change["to"]


def _kept(facts: Facts, attempts: list[Attempt]) -> Iterator[Violation]:
    """What was acknowledged is in the log, as it was acknowledged, and is what was asked for."""
    for attempt in attempts:
        if not isinstance(attempt.outcome, Acknowledged) or attempt.outcome.action is None:
            continue
        action = attempt.outcome.action
        if action["customer_id"] not in facts.final:
            continue
        logged = facts.log.get((action["customer_id"], action["offset"]))
        named = f"action {action['offset']} of customer {action['customer_id']}"
        if logged is None:
            yield Violation(3, f"{named} was acknowledged and is not in the log", attempt.places)
        elif logged != action:
            yield Violation(3, f"{named} was acknowledged with other content than the log's", attempt.places)
        elif not _fulfils(action, attempt.invoked.wish):
            yield Violation(4, f"{named} was acknowledged and is not what was asked for", attempt.places)


def _fulfils(action: Json, wish: Wish) -> bool:
    """A merged update records what it really changed, which may be less than it asked for."""
    if isinstance(wish, Comment):
        return bool(action["kind"] == "comment" and action["body"] == wish.body)
    return all(
        name in wish.changes and change["to"] == wish.changes[name] for name, change in action["changes"].items()
    )


def _once(facts: Facts, command: Command, attempts: list[Attempt]) -> Iterator[Violation]:
    recorded = facts.recorded.get(command, [])
    places = tuple(place for attempt in attempts for place in attempt.places)
    if len(recorded) > 1:
        yield Violation(4, f"command {command[1]} has {len(recorded)} actions in the log", places)
    answers = {
        outcome.action["id"]
        for attempt in attempts
        if isinstance(outcome := attempt.outcome, Acknowledged) and outcome.action is not None
    }
    if len(answers) > 1:
        yield Violation(4, f"command {command[1]} was answered with {len(answers)} actions", places)
    fresh = [
        a for a in attempts if isinstance(a.outcome, Acknowledged) and a.outcome.replayed is False and a.outcome.action
    ]
    if len(fresh) > 1:
        yield Violation(4, f"command {command[1]} was told twice that it is new", places)


def _answered(attempts: list[Attempt]) -> Iterator[Violation]:
    """Whoever tries on learns what became of its command, and no answer is a failure of ours."""
    for attempt in attempts:
        if isinstance(attempt.outcome, Unknown) and attempt.outcome.why.startswith("failed"):
            yield Violation(9, f"command {attempt.invoked.command_id} {attempt.outcome.why}", attempt.places)
    last = attempts[-1]
    if last.outcome is None or isinstance(last.outcome, Unknown):
        yield Violation(9, f"command {last.invoked.command_id} was never answered", last.places)


def _seen_by_its_author(facts: Facts) -> Iterator[Violation]:
    """No update was written over a change of the same field that its base did not hold."""
    changed: dict[tuple[int, str], list[int]] = {}
    for final in facts.final.values():
        for action in final.actions:
            command = action["actor"]["id"], action["command_id"]
            wishes = [a.invoked.wish for a in facts.commands.get(command, []) if isinstance(a.invoked.wish, Update)]
            base = max((wish.base_version for wish in wishes), default=None)
            for name in action["changes"]:
                versions = changed.setdefault((final.customer_id, name), [])
                unseen = [version for version in versions if base is not None and version > base]
                if unseen:
                    places = tuple(a.place for a in facts.commands[command])
                    yield Violation(
                        5,
                        f"customer {final.customer_id}: action {action['offset']} changed {name} from version {base},"
                        f" and version {unseen[0]} had changed it",
                        places,
                    )
                versions.append(action["version"])


def _in_real_time(facts: Facts) -> Iterator[Violation]:
    """What was acknowledged before another command began stands before it in the log."""
    spans: dict[int, list[tuple[float, float, int, int]]] = {}
    for command, attempts in facts.commands.items():
        known = [a for a in attempts if isinstance(a.outcome, Acknowledged) and a.outcome.action]
        for action in facts.recorded.get(command, [])[:1]:
            acknowledged = min((a.outcome.at for a in known if a.outcome is not None), default=float("inf"))
            span = attempts[0].invoked.at, acknowledged, action["offset"], attempts[0].place
            spans.setdefault(action["customer_id"], []).append(span)
    for customer_id, of_customer in spans.items():
        by_offset = sorted(of_customer, key=lambda span: span[2])
        begun, begun_place = float("-inf"), -1
        for (invoked, _, _, place), later in pairwise(by_offset):
            if invoked > begun:
                begun, begun_place = invoked, place
            if later[1] < begun:
                yield Violation(
                    5,
                    f"customer {customer_id}: offset {later[2]} was acknowledged before one of a lower offset began",
                    (begun_place, later[3]),
                )
