"""The sliding window behind the rate limits, without Redis and with a clock of its own."""

from __future__ import annotations

from copy import copy

from hypothesis import given
from hypothesis import strategies as st

from channels.window import Rate, Window

STEPS = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 8)), max_size=60)  # tenths of seconds later, asked


@given(st.integers(1, 20), st.integers(1, 30), STEPS)
def test_never_more_than_the_limit_in_a_window_and_never_twice_it_around_its_turn(
    amount: int, seconds: int, steps: list[tuple[int, int]]
) -> None:
    rate, window, now = Rate(amount, seconds), Window(), 1000.0
    granted_at: list[float] = []
    for later, asked in steps:
        now += later / 10
        before = len(granted_at)
        granted, usage = window.take(rate, asked, now)
        assert 0 <= granted <= asked
        granted_at += [now] * granted
        assert (granted == asked) or usage.room(rate) == 0
        in_window = [at for at in granted_at if at // seconds == now // seconds]
        assert len(in_window) <= amount
        if before == 0:
            assert granted == min(asked, amount), "a fresh client has the whole limit"


@given(st.integers(1, 20), st.integers(1, 30), STEPS)
def test_after_the_reset_there_is_more_room(amount: int, seconds: int, steps: list[tuple[int, int]]) -> None:
    rate, window, now = Rate(amount, seconds), Window(), 1000.0
    for later, asked in steps:
        now += later / 10
        _, usage = window.take(rate, asked, now)
        reset = usage.reset(rate)
        assert 1 <= reset <= 2 * seconds
        if usage.room(rate) == 0:
            granted, _ = copy(window).take(rate, 1, now + reset + 1e-6)
            assert granted, "a client that waits as long as it is told gets through"


def test_the_window_before_fades_out() -> None:
    rate, window = Rate(10, 60), Window()
    assert window.take(rate, 10, 0)[0] == 10
    assert window.take(rate, 1, 59.9)[0] == 0
    assert window.take(rate, 10, 66)[0] == 1, "a tenth of the ten before has passed"
    assert window.take(rate, 10, 119.9)[0] == 8
    assert window.take(rate, 10, 300)[0] == 10
