"""The rules of the bus that need no Redis: addresses, who lives, what is numbered, what lies where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.broker.address import Credentials, Endpoint, Kind, RedisAddress
from channels.broker.doubts import ENOUGH, Doubts
from channels.broker.topology import SLOTS, Layout, slot_of
from channels.numbers import BURST, RECENT, Numbers
from channels.peers import PATIENCE, Peers

# Addresses


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache", RedisAddress(Kind.SINGLE, (Endpoint("cache", 6379),))),
        (
            "redis://:p%40ss@cache:7000/2",
            RedisAddress(Kind.SINGLE, (Endpoint("cache", 7000),), database=2, credentials=Credentials(None, "p@ss")),
        ),
        (
            "rediss+sentinel://desk:secret@a,b:5/main/3?sentinel_password=other",
            RedisAddress(
                Kind.SENTINEL,
                (Endpoint("a", 26379), Endpoint("b", 5)),
                tls=True,
                service="main",
                database=3,
                credentials=Credentials("desk", "secret"),
                options={"sentinel_password": "other"},
            ),
        ),
        (
            "redis+cluster://[::1]:7001,[fe80::2],c",
            RedisAddress(Kind.CLUSTER, (Endpoint("::1", 7001), Endpoint("fe80::2", 6379), Endpoint("c", 6379))),
        ),
        ("unix:///run/r%20s?db=4", RedisAddress(Kind.SINGLE, (Endpoint("/run/r s"),), database=4)),
    ],
)
def test_addresses(url: str, address: RedisAddress) -> None:
    found = RedisAddress.parse(url)
    options = {**found.options}
    options.pop("db", None)
    assert RedisAddress(**{**found.__dict__, "options": options}) == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://cache", "starts with redis://"),
        ("redis://", "starts with redis://"),
        ("redis+sentinel://a,b", "names no service"),
        ("redis://a,b", "names several servers"),
        ("redis://a:x", "is no host and port"),
        ("redis://a/one", "is no number"),
    ],
)
def test_what_is_no_address_says_why(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RedisAddress.parse(url)


def test_passwords_are_asked_for_as_they_are_given() -> None:
    assert Credentials().words == ()
    assert Credentials(None, "p").words == ("AUTH", "p")
    assert Credentials("u", "p").words == ("AUTH", "u", "p")


# Slots


@given(st.binary(max_size=40), st.text(max_size=20).map(str.encode))
def test_whatever_belongs_to_a_name_is_in_its_slot(prefix: bytes, name: bytes) -> None:
    prefix, name = prefix.replace(b"{", b""), name.replace(b"}", b"")
    assert 0 <= slot_of(prefix + name) < SLOTS
    if name:
        assert slot_of(prefix + b"{" + name + b"}") == slot_of(b"other{" + name + b"}more")


def test_a_slot_that_nobody_serves_has_no_owner() -> None:
    one = Endpoint("a", 1)
    assert Layout((one,)).owner(b"x") == one
    owners = [0] * SLOTS
    owners[slot_of(b"x")] = -1
    assert Layout((one,), tuple(owners)).owner(b"x") is None
    assert Layout((one,), tuple(owners)).owner(b"y") == one


# Who lives

STEP = st.one_of(
    st.tuples(st.just("time"), st.floats(0, 3)),
    st.tuples(st.just("hear"), st.sampled_from("abc")),
    st.tuples(st.just("see"), st.sampled_from("abc")),
    st.tuples(st.just("goodbye"), st.sampled_from("abc")),
    st.tuples(st.just("deaf"), st.none()),
    st.tuples(st.just("listen"), st.none()),
    st.tuples(st.just("look"), st.none()),
)


@given(st.lists(STEP, max_size=60))
def test_nobody_is_gone_who_could_not_be_heard_for_long_enough(steps: list[tuple[str, object]]) -> None:
    """Against a plain account of what was heard when, and since when we listen."""
    peers, now = Peers(), 0.0
    signs: dict[str, float] = {}  # the last time that anything of it was heard, or its traces first seen
    listening: float | None = None
    for step, value in steps:
        match step:
            case "time":
                assert isinstance(value, float)
                now += value
            case "hear":
                signs[str(value)] = now
                peers.hear(str(value), now)
            case "see":
                known = signs.setdefault(str(value), now)
                if peers.is_gone(str(value), now):
                    assert known == -1 or (listening is not None and now - max(known, listening) >= PATIENCE)
            case "goodbye":
                signs[str(value)] = -1
                peers.said_goodbye(str(value))
                assert peers.is_gone(str(value), now)
            case "deaf":
                listening = None
                peers.listen(None)
                assert peers.take_gone(now) == []
            case "listen":
                listening = now if listening is None else listening
                peers.listen(now)
            case _:
                for gone in peers.take_gone(now):
                    assert listening is not None
                    assert now - max(signs[gone], listening) >= PATIENCE
                    signs[gone] = -1
                assert peers.take_gone(now) == [], "told once"


def test_who_is_silent_is_gone_in_time() -> None:
    peers = Peers()
    peers.listen(0)
    peers.hear("a", 10)
    assert peers.take_gone(10 + PATIENCE - 0.01) == []
    assert peers.take_gone(10 + PATIENCE) == ["a"]
    assert peers.is_gone("a", 20)
    peers.hear("a", 21)
    assert not peers.is_gone("a", 21), "it was frozen, and is back"


# Numbers


@given(st.lists(st.sampled_from(["sent", "lost", "twice", "told", "untold", "idle"]), max_size=40))
def test_what_is_lost_is_noticed_by_the_next_message_or_announcement(fates: list[str]) -> None:
    """At most `RECENT` announcements in a row are lost as well; and nothing is noticed without a reason."""
    sender, receiver = Numbers(), Numbers()
    receiver.follow("work:1")
    missing, untold = False, 0
    for fate in (*fates, "told"):
        noticed = False
        if fate in ("told", "idle"):
            for _ in range(1 if fate == "told" else RECENT):
                for channel, number in sender.recent().items():
                    noticed = receiver.behind(b"s", channel, number) or noticed
            untold = 0
        elif fate == "untold":
            if untold < RECENT - 1:
                sender.recent()
                untold += 1
            continue
        else:
            number = sender.next("work:1")
            untold = 0
            if fate == "lost":
                missing = True
                continue
            noticed = receiver.skipped(b"s", "work:1", number)
            if fate == "twice":
                assert not receiver.skipped(b"s", "work:1", number)
        if missing:
            assert noticed, "at the latest now"
        if noticed:
            assert missing, "only with a reason"
        missing = False


def test_the_last_number_is_repeated_for_a_while() -> None:
    numbers = Numbers()
    assert numbers.next("work:1") == BURST + 1
    assert numbers.next("work:1") == BURST + 2
    assert [numbers.recent() for _ in range(RECENT + 1)] == [{"work:1": BURST + 2}] * RECENT + [{}]
    assert numbers.next("work:1") == 2 * BURST + 1


def test_what_is_not_followed_is_not_missed() -> None:
    numbers = Numbers()
    assert not numbers.behind(b"s", "work:1", 5)
    numbers.follow("work:1")
    assert numbers.behind(b"s", "work:1", 5), "it may have been sent since"
    assert not numbers.behind(b"s", "work:1", 5)
    numbers.forget("work:1")
    assert not numbers.behind(b"s", "work:1", 6)


# What may be lost

STEPS = st.one_of(st.just("look"), st.just("change"), st.just("tell"), st.sampled_from([b"a", b"b", b"c"]))


@given(st.lists(STEPS))
def test_what_was_sent_since_the_servers_were_last_known_is_told_when_they_change(steps: list[str | bytes]) -> None:
    doubts = Doubts(watched=True)
    sent: list[tuple[int, bytes]] = []  # after how many looks
    looks, due = 0, set()
    for step in steps:
        if isinstance(step, bytes):
            doubts.sent(step)
            sent.append((looks, step))
        elif step == "look":
            doubts.confirm()
            looks += 1
        elif step == "change":
            doubts.changed()
            due |= {key for when, key in sent if when >= looks - 1}
            sent.clear()
        else:
            assert bool(doubts) == bool(due)
            assert set(doubts.take() or []) == due
            due.clear()


def test_servers_that_cannot_change_without_a_word_leave_no_doubt() -> None:
    doubts = Doubts(watched=False)
    doubts.sent(b"a")
    doubts.changed()
    assert not doubts
    doubts.failed(b"b")
    assert doubts.take() == [b"b"]
    assert not doubts


def test_doubts_about_very_many_channels_are_one_about_all() -> None:
    doubts = Doubts(watched=False)
    for number in range(ENOUGH + 1):
        doubts.failed(b"%d" % number)
    taken = doubts.take()
    assert taken is None
    assert not doubts
    doubts.put_back(taken)
    doubts.failed(b"a")
    assert doubts.take() is None


def test_what_could_not_be_told_is_told_later() -> None:
    doubts = Doubts(watched=False)
    doubts.failed(b"a")
    doubts.put_back(doubts.take())
    doubts.failed(b"b")
    assert sorted(doubts.take() or []) == [b"a", b"b"]
