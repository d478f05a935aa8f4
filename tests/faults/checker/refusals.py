"""Whether each refusal was right: justified by the log, and true in what its document tells."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.checker.facts import Attempt, Facts, Violation
from tests.faults.history import Comment, Json, Refused, Update

SHOWN = 100
"""The most actions that a conflict is told with; beyond them its base is not the caller's."""


def refusals(facts: Facts) -> Iterator[Violation]:
    for attempts in facts.commands.values():
        for attempt in attempts:
            if isinstance(attempt.outcome, Refused) and attempt.invoked.customer_id in facts.final:
                yield from _refusal(facts, attempts, attempt, attempt.outcome)


def _refusal(facts: Facts, attempts: list[Attempt], attempt: Attempt, refused: Refused) -> Iterator[Violation]:
    wish, command = attempt.invoked.wish, (attempt.invoked.actor, attempt.invoked.command_id)
    named = f"command {command[1]}"
    if refused.name == "command-id-reused":
        if all(other.invoked.wish == wish for other in attempts):
            yield Violation(4, f"{named} was taken for another one's, and there is none", attempt.places)
        return
    if any(_same_wish(facts, command, other) for other in attempts if other.invoked.wish == wish):
        yield Violation(4, f"{named} was refused ({refused.name}) and is in the log", attempt.places)
    match wish, refused.name:
        case Update(), "edit-conflict":
            yield from _conflict(facts, attempt, wish, refused.document)
        case Comment(seen_offset=int() as seen), "unseen-actions":
            log = facts.final[attempt.invoked.customer_id].actions
            if not any(action["offset"] > seen and action["actor"]["id"] != command[0] for action in log):
                yield Violation(6, f"{named} was held back by actions after {seen}; there are none", attempt.places)
        case _:
            yield Violation(6, f"{named} ({type(wish).__name__}) was refused: {refused.name}", attempt.places)


def _same_wish(facts: Facts, command: tuple[int, str], attempt: Attempt) -> bool:
    wish = attempt.invoked.wish
    for action in facts.recorded.get(command, []):
        if isinstance(wish, Comment):
            return bool(action["body"] == wish.body)
        return set(action["changes"]) <= set(wish.changes)
    return False


def _conflict(facts: Facts, attempt: Attempt, wish: Update, document: Json | None) -> Iterator[Violation]:
    customer_id = attempt.invoked.customer_id
    since = [a for a in facts.final[customer_id].actions if a["version"] > wish.base_version and a["changes"]]
    touching = [a for a in since if wish.strict or set(a["changes"]) & set(wish.changes)]
    named = f"command {attempt.invoked.command_id}"
    if not touching:
        yield Violation(6, f"{named} met a conflict; nothing it touches changed since its base", attempt.places)
        return
    if document is None:
        return
    known = [a for a in since if a["version"] <= document["current_version"]]
    told = {conflict["field"]: conflict for conflict in document["conflicts"]}
    expected = {name for action in known for name in action["changes"] if wish.strict or name in wish.changes}
    if set(told) != expected:
        yield Violation(5, f"{named}: the conflict tells of {sorted(told)}, not {sorted(expected)}", attempt.places)
    for name in expected & set(told):
        changes = [action for action in known if name in action["changes"]]
        truth = {
            "theirs": changes[-1]["changes"][name]["to"],
            "offset": changes[-1]["offset"],
            "actor": changes[-1]["actor"],
            "yours": wish.changes.get(name),
        }
        if len(known) < SHOWN:
            truth["base"] = changes[0]["changes"][name]["from"]
        lies = [member for member, value in truth.items() if told[name][member] != value]
        if lies:
            yield Violation(5, f"{named}: the conflict in {name} does not tell the truth: {lies}", attempt.places)
