"""The checker finds what is wrong, in whichever way, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.checker import Violation, check
from tests.faults.history import (
    Acknowledged,
    Comment,
    Delivered,
    Event,
    FaultBegan,
    FaultEnded,
    FinalRead,
    Invoked,
    Logged,
    Refused,
    Subscribed,
    Unknown,
    Update,
    Witnessed,
)
from tests.faults.tale import CUSTOMER, Tale

Damage = Callable[[list[Event]], None]


def told() -> Tale:
    """A bit of everything, all of it right."""
    tale = Tale()
    tale.write(1, "c1", Comment("hello"))
    tale.write(2, "c2", Update({"status": "waiting"}, base_version=1))
    tale.write_unsure(1, "c3", Update({"fields.plan": "gold"}, base_version=1))
    tale.lose("bob")
    tale.write(1, "c4", Comment("bob is away"))
    tale.conflict(1, "c5", Update({"status": "closed"}, base_version=1))
    tale.come_back("bob")
    tale.refuse(1, "c6", Comment("too late", seen_offset=2), "unseen-actions")
    tale.refuse(1, "c1", Comment("another payload"), "command-id-reused")
    tale.acknowledge(tale.invoke(2, "c7", Update({"status": "waiting"}, base_version=2)), None)
    return tale


def violations(damage: Damage, bound: float = 5.0) -> list[Violation]:
    events = list(told().end())
    damage(events)
    return check(events, bound)


def find(events: list[Event], kind: type, number: int = 0) -> int:
    return [place for place, event in enumerate(events) if isinstance(event, kind)][number]


def change(kind: type, number: int, **members: Any) -> Damage:
    def damage(events: list[Event]) -> None:
        place = find(events, kind, number)
        events[place] = replace(events[place], **members)

    return damage


def drop(kind: type, number: int) -> Damage:
    return lambda events: events.__delitem__(find(events, kind, number))


def double(kind: type, number: int) -> Damage:
    return lambda events: events.insert(find(events, kind, number), events[find(events, kind, number)])


def final(rewrite: Callable[[FinalRead], FinalRead]) -> Damage:
    def damage(events: list[Event]) -> None:
        read = events[-1]
        assert isinstance(read, FinalRead)
        events[-1] = rewrite(read)

    return damage


def without(offset: int) -> Damage:
    """The log has lost an action, and was numbered anew."""

    def rewrite(read: FinalRead) -> FinalRead:
        kept = [a for a in read.actions if a["offset"] != offset]
        numbered = tuple({**action, "offset": number} for number, action in enumerate(kept, start=1))
        return replace(read, actions=numbered, customer={**read.customer, "offset": len(numbered)})

    return final(rewrite)


def altered(offset: int, /, **members: Any) -> Damage:
    return final(
        lambda read: replace(
            read, actions=tuple(a if a["offset"] != offset else {**a, **members} for a in read.actions)
        )
    )


def answered_again(command_id: str, offset: int) -> Damage:
    """A retry of a command is answered as if it were new, with the action of an offset."""

    def damage(events: list[Event]) -> None:
        read = events[-1]
        assert isinstance(read, FinalRead)
        events[-1:] = [
            Invoked(1001, 99, 1, command_id, CUSTOMER, Comment("hello"), "tale"),
            Acknowledged(1001, 99, read.actions[offset - 1], replayed=False),
            read,
        ]

    return damage


def test_what_is_right_is_found_right() -> None:
    assert violations(lambda _events: None) == []
    assert check([]) == []


WRONG: list[tuple[int, str, Damage]] = [
    # law 1: to the viewer's eye
    (1, "a gap", drop(Delivered, 0)),
    (1, "ends at", drop(Delivered, -1)),
    (1, "was shown 2 after 2", double(Delivered, 0)),
    (1, "was refused a recovery", change(Subscribed, -1, recovered=False)),
    (1, "goes on from 2", change(Subscribed, -1, offset=2)),
    (1, "without a subscription", drop(Subscribed, 0)),
    (1, "another state than the fresh snapshot: ['status']",
     final(lambda read: replace(read, customer={**read.customer, "status": "new"}))),
    (1, "north and south tell of customer 7 in different ways",
     lambda events: events.append(FinalRead(1001, "south", CUSTOMER, {}, ()))),
    # law 2: only what was committed
    (2, "never committed", without(5)),
    (2, "other content", altered(2, body="else")),
    (2, "when the database had 1", lambda events: events.insert(-1, Witnessed(1001, CUSTOMER, 2, 1))),
    # law 3: acknowledged is durable
    (3, "not in the log", without(5)),
    (3, "other content than the log's", altered(2, body="else")),
    # law 4: exactly once
    (4, "has 2 actions in the log", altered(5, command_id="c1")),
    (4, "answered with 2 actions", answered_again("c1", offset=3)),
    (4, "told twice that it is new", answered_again("c1", offset=2)),
    (4, "is not what was asked for", change(Invoked, 0, wish=Comment("other"))),
    (4, "there is none", change(Invoked, 7, wish=Comment("hello"))),
    (4, "refused (unseen-actions) and is in the log",
     lambda events: events.__setitem__(find(events, Acknowledged, 0), Refused(1000.1, 1, "unseen-actions", None))),
    # law 5: no lost update, no gap, no time travel
    (5, "stands where 3 belongs", altered(3, offset=4)),
    (5, "has version 3, not 2", altered(3, version=3)),
    (5, "does not say offset", final(lambda read: replace(read, customer={**read.customer, "version": 9}))),
    (5, "which was 'open'", altered(3, changes={"status": {"from": "new", "to": "waiting"}})),
    (5, "the conflict tells of []",
     change(Refused, 0, document={"current_version": 3, "conflicts": []})),
    (5, "acknowledged before one of a lower offset began", change(Acknowledged, 3, at=999.0)),
    # law 6: no false conflict
    (6, "nothing it touches changed", change(Invoked, 5, wish=Update({"priority": "high"}, 1))),
    (6, "there are none", change(Invoked, 6, wish=Comment("too late", seen_offset=5))),
    (6, "(Comment) was refused: edit-conflict", change(Refused, 1, name="edit-conflict")),
    (6, "(Update) was refused: not-found", change(Refused, 0, name="not-found")),
    # law 9: no answer is a failure of ours
    (9, "never answered", drop(Acknowledged, 1)),
    (9, "failed: 500", change(Unknown, 0, why="failed: 500")),
    (9, "north logged an error", lambda events: events.append(Logged(1001, "north", "Traceback"))),
    (9, "answered twice", lambda events: events.insert(-1, Unknown(1001, 1, "lost"))),
]  # fmt: skip


@pytest.mark.parametrize(("law", "sentence", "damage"), WRONG, ids=[f"{law} {sentence}" for law, sentence, _ in WRONG])
def test_what_is_wrong_is_found_and_named(law: int, sentence: str, damage: Damage) -> None:
    found = violations(damage)
    assert [one for one in found if one.law == law and sentence in one.sentence], found


def test_an_update_over_one_that_its_author_had_not_seen_is_found() -> None:
    tale = told()
    tale.write(1, "lost", Update({"status": "closed"}, base_version=1))
    found = check(tale.end())
    assert [(one.law, "version 2 had changed it" in one.sentence) for one in found] == [(5, True)]


def test_a_lie_in_a_conflict_is_found() -> None:
    def damage(events: list[Event]) -> None:
        refused = events[find(events, Refused, 0)]
        assert isinstance(refused, Refused)
        assert refused.document is not None
        refused.document["conflicts"][0]["theirs"] = "new"

    assert ["['theirs']" in one.sentence for one in violations(damage)] == [True]


class TestInTime:
    """Law 7."""

    def told(self, *, lost: bool = False, excused: tuple[str, ...] | None = None, wait: float = 6.0) -> list[Violation]:
        """An action is committed while bob is served no more; `wait` seconds later he has it."""
        tale = told()
        if excused is not None:
            tale.history.append(FaultBegan(tale.tick(), 1, "freeze", excused))
        if lost:
            tale.lose("bob")
        action = tale.commit(1, "late", Comment("late"))
        tale.acknowledge(tale.invoke(1, "late", Comment("late")), action, replayed=True)
        tale.tick(wait)
        if excused is not None:
            tale.history.append(FaultEnded(tale.tick(), 1))
        if lost:
            tale.come_back("bob")
        return check(tale.end())

    def test_who_is_connected_waits_no_longer_than_the_bound(self) -> None:
        assert [one.law for one in self.told()] == [7, 7]
        assert self.told(wait=4.0) == []

    def test_who_is_away_is_not_waiting(self) -> None:
        assert [one.sentence[:3] for one in self.told(lost=True)] == ["ann"]

    def test_whom_a_fault_excuses_is_not_waiting(self) -> None:
        assert [one.sentence[:3] for one in self.told(excused=("bob",))] == ["ann"]
        assert self.told(excused=("*",)) == []

    def test_a_fault_excuses_nobody_else(self) -> None:
        assert len(self.told(excused=())) == 2

    def test_after_the_excuse_the_bound_counts(self) -> None:
        tale = told()
        tale.history.append(FaultBegan(tale.tick(), 1, "freeze", ("*",)))
        tale.acknowledge(
            tale.invoke(1, "late", Comment("late")), tale.commit(1, "late", Comment("late")), replayed=True
        )
        tale.history.append(FaultEnded(tale.tick(60), 1))
        tale.tick(6)
        assert [one.law for one in check(tale.end())] == [7, 7]


OPERATIONS = st.lists(
    st.sampled_from(["comment", "update", "unsure", "conflict", "lose", "come back"]), min_size=3, max_size=20
)


def spun(operations: list[str]) -> list[Event]:
    """A right history of these operations."""
    tale = told()
    for number, operation in enumerate(operations):
        name, version = f"o{number}", tale.customer["version"]
        match operation:
            case "comment":
                tale.write(1, name, Comment(name))
            case "update":
                tale.write(2, name, Update({"status": name}, version))
            case "unsure":
                tale.write_unsure(1, name, Update({"fields.plan": name}, version))
            case "conflict":
                tale.conflict(2, name, Update({"status": name}, 1))
            case "lose":
                tale.lose("bob")
            case "come back":
                tale.come_back("bob")
    tale.come_back("bob")
    tale.write(1, "last", Comment("last"))
    return list(tale.end())


@given(OPERATIONS)
def test_no_right_history_is_blamed(operations: list[str]) -> None:
    assert check(spun(operations)) == []


@given(OPERATIONS, st.data())
def test_a_delivery_that_is_lost_doubled_or_out_of_order_is_found(operations: list[str], data: st.DataObject) -> None:
    events = spun(operations)
    deliveries = [place for place, event in enumerate(events) if isinstance(event, Delivered)]
    place = data.draw(st.sampled_from(deliveries))
    match data.draw(st.sampled_from(["drop", "double", "swap"])):
        case "drop":
            del events[place]
        case "double":
            events.insert(data.draw(st.integers(place, len(events) - 1)), events[place])
        case "swap":
            own = [p for p in deliveries if events[p].viewer == events[place].viewer and p != place]  # type: ignore[union-attr]
            other = data.draw(st.sampled_from(own))
            events[place], events[other] = events[other], events[place]
    assert [one for one in check(events) if one.law == 1]


@given(OPERATIONS, st.data())
def test_a_log_that_lost_doubled_or_reordered_an_action_is_found(operations: list[str], data: st.DataObject) -> None:
    events = spun(operations)
    read = events[-1]
    assert isinstance(read, FinalRead)
    actions = list(read.actions)
    place = data.draw(st.integers(1, len(actions) - 1))
    match data.draw(st.sampled_from(["drop", "double", "swap"])):
        case "drop":
            del actions[place]
        case "double":
            actions.insert(place, actions[place])
        case "swap":
            other = data.draw(st.integers(1, len(actions) - 1).filter(lambda number: number != place))
            actions[place], actions[other] = actions[other], actions[place]
    numbered = tuple({**action, "offset": number} for number, action in enumerate(actions, start=1))
    events[-1] = replace(read, actions=numbered, customer={**read.customer, "offset": len(numbered)})
    assert check(events)
