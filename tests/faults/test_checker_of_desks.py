"""The checker finds what is wrong with an agent's notices and with its list, in whichever way, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.checker import Violation, check
from tests.faults.desk_tale import INBOX, MENTION, ONLOOKER, WORK, DeskTale
from tests.faults.history import (
    Comment,
    Delivered,
    Event,
    FaultBegan,
    FaultEnded,
    FinalNotices,
    ListRead,
    ListTold,
    Subscribed,
    Update,
)

Damage = Callable[[list[Event]], None]
Notices = tuple[dict[str, Any], ...]

ASSIGN, TAKE_AWAY = {"assigned_to": ONLOOKER}, {"assigned_to": None}


def told() -> DeskTale:
    """Six notices, and a list that the customer comes to, changes on, leaves, and comes back to."""
    tale = DeskTale()
    tale.write(1, "c1", Comment(f"see this, {MENTION}"))
    tale.write(1, "c2", Update(ASSIGN, 1))
    tale.settle()
    tale.write(2, "c3", Update({"status": "waiting"}, 2))
    tale.lose("bob")
    tale.write(1, "c4", Update(TAKE_AWAY, 3))
    tale.write(2, "c5", Comment(f"{MENTION} again"))
    tale.come_back("bob")
    tale.settle()
    tale.refresh("ann")
    tale.read_list("ann", subscribe=False)
    tale.write(2, "c6", Update(ASSIGN, 4))
    tale.write(1, "c7", Comment(f"your own, {MENTION}"))
    return tale


def violations(damage: Damage) -> list[Violation]:
    events = list(told().end())
    damage(events)
    return check(events)


def place_of(events: list[Event], kind: type, channel: str, number: int) -> int:
    places = [
        p for p, event in enumerate(events) if isinstance(event, kind) and getattr(event, "channel", "") == channel
    ]
    return places[number]


def drop(kind: type, channel: str, number: int) -> Damage:
    return lambda events: events.__delitem__(place_of(events, kind, channel, number))


def double(kind: type, channel: str, number: int) -> Damage:
    def damage(events: list[Event]) -> None:
        place = place_of(events, kind, channel, number)
        events.insert(place, events[place])

    return damage


def change(kind: type, channel: str, number: int, **members: Any) -> Damage:
    def damage(events: list[Event]) -> None:
        place = place_of(events, kind, channel, number)
        events[place] = replace(events[place], **members)

    return damage


def stored(rewrite: Callable[[Notices], Notices]) -> Damage:
    """What is stored in the end is something else; the viewers saw what was right."""

    def damage(events: list[Event]) -> None:
        place = next(p for p, event in enumerate(events) if isinstance(event, FinalNotices))
        final = events[place]
        assert isinstance(final, FinalNotices)
        events[place] = replace(final, notices=rewrite(final.notices))  # type: ignore[arg-type]

    return damage


def numbered(notices: Notices) -> Notices:
    return tuple({**notice, "offset": offset} for offset, notice in enumerate(notices, start=1))


def insert(at: int, *events_of_it: Event) -> Damage:
    return lambda events: events.__setitem__(slice(at, at), list(events_of_it))


def test_what_is_right_is_found_right() -> None:
    assert violations(lambda _events: None) == []


OTHER: dict[str, Any] = {"type": "assigned", "customer_id": 7, "offset": 7}
OTHER["action"] = {"customer_id": 7, "offset": 1, "created_at": "1970-01-01T00:16:40Z"}

WRONG: list[tuple[int, str, Damage]] = [
    # notices
    (1, "agent:9 was shown 2 after 0: a gap", drop(Delivered, INBOX, 0)),
    (1, "agent:9 ends at 5 of 6", drop(Delivered, INBOX, -1)),
    (1, "agent:9 was shown 1 after 1", double(Delivered, INBOX, 0)),
    (1, "agent:9 was refused a recovery", change(Subscribed, INBOX, -1, recovered=False)),
    (1, "agent:9 had 2 and goes on from 4", change(Subscribed, INBOX, -1, offset=4)),
    (1, "agent:9 was shown 1 without a subscription", drop(Subscribed, INBOX, 0)),
    (1, "tell of agent 9's notices in different ways",
     lambda events: events.append(FinalNotices(1001, "south", ONLOOKER, ()))),
    (2, "agent:9 was shown 6, which was never committed", stored(lambda notices: notices[:-1])),
    (2, "other content than what is stored",
     change(Delivered, INBOX, 0, data={"type": "replied", "customer_id": 7, "action": {}})),
    (2, "was told what never happened: ('assigned', 7, 1)", stored(lambda notices: (*notices, OTHER))),
    (3, "was never told: ('mentioned', 7, 2)", stored(lambda notices: numbered(notices[1:]))),
    (4, "was told 2 times: ('mentioned', 7, 2)", stored(lambda notices: numbered((notices[0], *notices)))),
    (5, "notice 3 stands where 2 belongs", stored(lambda notices: (notices[0], *notices[2:]))),
    (5, "notice 2 tells of action 2 of customer 7 after a later one",
     stored(lambda notices: numbered((notices[1], notices[0], *notices[2:])))),
    # lists
    (1, "keeps another list than a fresh page: customers [7]", drop(ListTold, WORK, 0)),
    (1, "keeps another list than a fresh page: customers [7]",
     lambda events: events.__delitem__(next(
         p for p, e in enumerate(events) if isinstance(e, ListTold) and e.data["type"] == "remove"))),
    (1, "keeps another list than a fresh page: customers [7]",
     change(ListTold, WORK, -1, data={"type": "upsert", "customer": {"id": 7, "offset": 8, "status": "lies"}})),
    (1, "did not read its list again", drop(ListRead, WORK, -1)),
    (1, "did not read its list again", drop(ListRead, WORK, 0)),
    (1, "was told of its list without a subscription", drop(Subscribed, WORK, 0)),
    (2, "was told of 99 of customer 7, which was never committed",
     change(ListTold, WORK, 0, data={"type": "upsert", "customer": {"id": 7, "offset": 99}})),
]  # fmt: skip


@pytest.mark.parametrize(("law", "sentence", "damage"), WRONG, ids=[f"{law} {sentence}" for law, sentence, _ in WRONG])
def test_what_is_wrong_is_found_and_named(law: int, sentence: str, damage: Damage) -> None:
    found = violations(damage)
    assert [one for one in found if one.law == law and sentence in one.sentence], found


def test_what_is_told_while_the_list_is_read_is_laid_over_the_answer() -> None:
    """Whichever is newer; and a `refresh` meanwhile means to ask once more."""
    tale = told()
    events = list(tale.end())
    asked = place_of(events, ListRead, WORK, -1)
    newest = events[place_of(events, ListTold, WORK, -1)]
    assert isinstance(newest, ListTold)
    old = replace(newest, viewer="ann", data={"type": "upsert", "customer": {"id": 7, "offset": 1}})
    events.insert(asked, old)
    assert check(events) == [], "what is older than the answer changes nothing (here: it is on the list no more)"
    events[asked] = replace(old, data={"type": "refresh"})
    assert [one.sentence for one in check(events)] == [f"ann at {WORK} did not read its list again"]


class TestInTime:
    def told(self, wait: float, *, excused: tuple[str, ...] = (), refreshed: bool = False) -> list[str]:
        """Bob is told of an assignment after some seconds only, by notice and by list."""
        tale = told()
        tale.settle()
        if excused:
            tale.history.append(FaultBegan(tale.tick(), 1, "freeze", excused))
        tale.commit(1, "late", Update(TAKE_AWAY, 5))
        if refreshed:
            tale.refresh("bob")
            tale.refresh("ann")
        tale.tick(wait)
        if excused:
            tale.history.append(FaultEnded(tale.tick(), 1))
        if refreshed:
            tale.read_list("bob", subscribe=False)
            tale.read_list("ann", subscribe=False)
        found = [one for one in check(tale.end()) if one.law == 7]
        return [one.sentence.split(" waited")[0] for one in found]

    def test_a_notice_and_a_list_have_the_bound_too(self) -> None:
        late = {f"{viewer} at {channel}" for viewer in ("ann", "bob") for channel in ("customer:7", INBOX, WORK)}
        assert set(self.told(6.0)) == late
        assert self.told(4.0) == []

    def test_whom_a_fault_excuses_is_not_waiting(self) -> None:
        assert {sentence[:3] for sentence in self.told(6.0, excused=("bob",))} == {"ann"}

    def test_who_was_told_to_read_its_list_again_waits_for_nobody(self) -> None:
        assert [sentence for sentence in self.told(6.0, refreshed=True) if WORK in sentence] == []


OPERATIONS = st.lists(
    st.sampled_from(["mention", "assign", "take away", "update", "lose", "come back", "refresh", "settle"]), max_size=20
)


def spun(operations: list[str]) -> list[Event]:
    """A right history of these operations."""
    tale, away = told(), False
    for number, operation in enumerate(operations):
        version = tale.customer["version"]
        match operation:
            case "mention":
                tale.write(1, f"o{number}", Comment(f"{MENTION} {number}"))
            case "assign" if tale.customer["assigned_to"] is None:
                tale.write(1, f"o{number}", Update(ASSIGN, version))
            case "take away" if tale.customer["assigned_to"] == ONLOOKER:
                tale.write(1, f"o{number}", Update(TAKE_AWAY, version))
            case "update":
                tale.write(2, f"o{number}", Update({"status": f"s{number}"}, version))
            case "lose" if not away:
                tale.lose("bob")
                away = True
            case "come back" if away:
                tale.come_back("bob")
                away = False
            case "refresh":
                tale.refresh("ann")
                tale.read_list("ann", subscribe=False)
            case "settle" if not away:
                tale.settle()
    if away:
        tale.come_back("bob")
    return list(tale.end())


@given(OPERATIONS)
def test_no_right_history_is_blamed(operations: list[str]) -> None:
    assert check(spun(operations)) == []


@given(OPERATIONS, st.data())
def test_a_notice_that_is_lost_or_doubled_is_found(operations: list[str], data: st.DataObject) -> None:
    events = spun(operations)
    shown = [p for p, event in enumerate(events) if isinstance(event, Delivered) and event.channel == INBOX]
    place = data.draw(st.sampled_from(shown))
    if data.draw(st.booleans()):
        del events[place]
    else:
        events.insert(data.draw(st.integers(place, len(events) - 1)), events[place])
    assert [one for one in check(events) if one.law == 1]
