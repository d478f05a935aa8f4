"""The reader of client frames: whatever the pieces, the same events; whatever is wrong, the right close code."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.realtime.frames import close_frame, frame, is_close_code
from server.realtime.reader import MESSAGE_LIMIT, Closed, Event, Message, Ping, Reader, Violation
from tests.wire.peer import client_frame, close, text

BITS = st.sampled_from([0x80, 0x00, 0xC0, 0xA0, 0x90])
PAYLOAD = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=80).map(str.encode),
    st.integers(120, 300).map(lambda size: b"x" * size),
    st.integers(65_000, 66_000).map(lambda size: b"y" * size),
)
FRAME = st.builds(
    lambda opcode, payload, first, masked: client_frame(
        opcode, payload, first=first, mask=b"\x01\x80\xff\x00" if masked else None
    ),
    st.sampled_from([0, 1, 1, 2, 8, 9, 9, 10, 3, 11]),
    PAYLOAD,
    BITS,
    st.sampled_from([True] * 9 + [False]),
)
GOOD = st.lists(
    st.one_of(
        st.text(max_size=60).map(text),
        st.binary(max_size=60).map(lambda data: client_frame(2, data)),
        st.binary(max_size=125).map(lambda data: client_frame(9, data)),
        st.lists(st.text(max_size=20), min_size=2, max_size=4).map(
            lambda parts: b"".join(
                client_frame(1 if n == 0 else 0, part.encode(), first=0x80 if n == len(parts) - 1 else 0)
                + (client_frame(9, b"between") if n == 0 else b"")
                for n, part in enumerate(parts)
            )
        ),
    ),
    max_size=6,
).map(b"".join)
STREAM = st.one_of(GOOD, st.lists(FRAME, max_size=5).map(b"".join), st.binary(max_size=60))


def events_of(pieces: list[bytes]) -> list[Event]:
    reader = Reader()
    return [event for piece in pieces for event in reader.feed(piece)]


@settings(max_examples=150, deadline=None)
@given(stream=STREAM, cuts=st.lists(st.integers(0, 400), max_size=12))
def test_any_split_of_the_bytes_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    whole = events_of([stream])
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    assert events_of([stream[a:b] for a, b in pairwise(places)]) == whole
    if len(stream) < 2000:
        assert events_of([stream[n : n + 1] for n in range(len(stream))]) == whole


@settings(max_examples=200, deadline=None)
@given(stream=STREAM, more=st.binary(max_size=50))
def test_nothing_is_read_after_the_end(stream: bytes, more: bytes) -> None:
    reader = Reader()
    events = reader.feed(stream)
    if any(isinstance(event, Closed | Violation) for event in events):
        assert isinstance(events[-1], Closed | Violation)
        assert reader.feed(more) == []


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.text(max_size=40).map(str.encode), min_size=1, max_size=6), cut=st.integers(0, 200))
def test_a_text_is_what_its_fragments_make_wherever_they_were_cut(parts: list[bytes], cut: int) -> None:
    """Also in the middle of a character."""
    whole = b"".join(parts)
    pieces = [whole[:cut], whole[cut:]]
    stream = client_frame(1, pieces[0], first=0) + client_frame(9, b"!") + client_frame(0, pieces[1])
    assert events_of([stream]) == [Ping(b"!"), Message(whole, True)]


WRONG = {
    "unmasked": (client_frame(1, b"{}", mask=None), 1002),
    "reserved bit 1": (text("{}", first=0xC0), 1002),
    "reserved bit 2": (text("{}", first=0xA0), 1002),
    "reserved bit 3": (text("{}", first=0x90), 1002),
    "reserved bit on a ping": (client_frame(9, b"", first=0xC0), 1002),
    "reserved data opcode": (client_frame(3, b""), 1002),
    "reserved control opcode": (client_frame(0xB, b""), 1002),
    "fragmented ping": (client_frame(9, b"", first=0), 1002),
    "fragmented close": (client_frame(8, b"", first=0), 1002),
    "long ping": (client_frame(9, b"x" * 126), 1002),
    "continuation of nothing": (client_frame(0, b"x"), 1002),
    "a text inside a text": (text("a", first=0) + text("b"), 1002),
    "a binary inside a text": (text("a", first=0) + client_frame(2, b"b"), 1002),
    "bad UTF-8": (text(b"\xff"), 1007),
    "a surrogate": (text(b"\xed\xa0\x80"), 1007),
    "too long a form": (text(b"\xc0\xaf"), 1007),
    "beyond Unicode": (text(b"\xf4\x90\x80\x80"), 1007),
    "half a character": (text(b"\xe2\x82"), 1007),
    "half a character in the last fragment": (text(b"a", first=0) + client_frame(0, b"\xe2\x82"), 1007),
    "bad UTF-8 in the first fragment of more": (text(b"ab\xff", first=0), 1007),
    "too big": (text(b"x" * (MESSAGE_LIMIT + 1)), 1009),
    "too big together": (text(b"x" * MESSAGE_LIMIT, first=0) + client_frame(0, b"x"), 1009),
    "a close of one byte": (client_frame(8, b"\x03"), 1002),
    "a close with a bad reason": (close(1000, b"\xff"), 1007),
    "a 64-bit length with the highest bit": (b"\x81\xff" + b"\xff" * 8, 1009),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_has_its_close_code(name: str) -> None:
    stream, code = WRONG[name]
    last = events_of([stream])[-1]
    assert isinstance(last, Violation)
    assert last.code == code
    assert last.reason


def test_a_message_that_will_be_too_big_is_refused_before_it_has_come() -> None:
    announced = client_frame(2, b"x" * (MESSAGE_LIMIT + 1))[:14]
    assert [type(event) for event in events_of([announced])] == [Violation]


def test_a_message_of_the_very_limit_is_read() -> None:
    whole = b"x" * MESSAGE_LIMIT
    assert events_of([text(whole)]) == [Message(whole, True)]
    assert events_of([text(whole[:-1], first=0) + client_frame(0, whole[-1:])]) == [Message(whole, True)]


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999])
def test_a_peer_may_close_with(code: int) -> None:
    assert events_of([close(code, "Tschüß".encode())]) == [Closed(code, "Tschüß")]


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_a_peer_may_not_close_with(code: int) -> None:
    assert not is_close_code(code)
    assert events_of([close(code)]) == [Violation(1002, "no such close code")]


def test_a_close_without_a_code() -> None:
    assert events_of([close(None)]) == [Closed(1005, "")]
    assert close_frame(1005, "") == b"\x88\x00"


def test_a_pong_says_nothing() -> None:
    assert events_of([client_frame(10, b"unasked")]) == []


@given(st.binary(max_size=300), st.sampled_from([1, 2]))
def test_our_frames_are_read_by_an_independent_library(payload: bytes, opcode: int) -> None:
    from websockets.frames import Frame, Opcode

    assert frame(opcode, payload) == Frame(Opcode(opcode), payload).serialize(mask=False)


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 70000])
def test_lengths_are_written_in_their_shortest_form(size: int) -> None:
    from websockets.frames import Frame, Opcode

    assert frame(1, b"x" * size) == Frame(Opcode.TEXT, b"x" * size).serialize(mask=False)


def test_a_long_reason_is_cut_between_two_characters() -> None:
    told = close_frame(3500, "ä" * 100)
    assert len(told) <= 2 + 125
    told[4:].decode()
