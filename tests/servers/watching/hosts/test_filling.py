"""When a disk will be full: told of what grows steadily, and never of what only goes up and down."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.watching.hosts.filling import KEPT_FOR, Level, seconds_left, with_level

MINUTE, HOUR = 60.0, 3600.0
SIZE = 1000.0


def watched(used: list[float], step: float = MINUTE) -> tuple[Level, ...]:
    levels: tuple[Level, ...] = ()
    for number, value in enumerate(used):
        levels = with_level(levels, Level(number * step, value, SIZE - value))
    return levels


def saw(period: int, low: float, high: float, minutes: int) -> list[float]:
    return [low + (high - low) * (minute % period) / period for minute in range(minutes)]


def test_steady_growth_is_full_at_that_rate() -> None:
    """One a minute, an hour long: 700 of 1000 are used, so 300 minutes are left, and an hour foretells no more than
    four."""
    used = [640.0 + minute for minute in range(61)]
    assert seconds_left(watched(used)) == math.inf
    used = [640.0 + 2 * minute for minute in range(61)]
    assert seconds_left(watched(used)) == pytest.approx((1000 - 760) / 2 * MINUTE)


def test_noise_and_a_spill_now_and_then_do_not_hide_the_growth() -> None:
    used = [500.0 + 2 * minute + minute * 7 % 5 - 2 + (20 if minute % 9 == 0 else 0) for minute in range(62)]
    left = seconds_left(watched(used))
    assert left is not None
    assert left == pytest.approx((1000 - 622) / 2 * MINUTE, rel=0.15)


@pytest.mark.parametrize("period", [7, 20, 60, 120])
def test_a_saw_tooth_is_no_trend_once_a_tooth_was_seen(period: int) -> None:
    used = saw(period, 600.0, 900.0, minutes=2 * 60 + 10 * period)
    levels: tuple[Level, ...] = ()
    for minute, value in enumerate(used):
        levels = with_level(levels, Level(minute * MINUTE, value, SIZE - value))
        if minute > 2 * 60 + 2 * period:
            assert seconds_left(levels) == math.inf, minute


def test_one_leap_is_no_trend() -> None:
    assert seconds_left(watched([500.0] * 50 + [800.0] * 20)) == math.inf


def test_a_disk_that_empties_or_stands_still_does_not_fill() -> None:
    assert seconds_left(watched([900.0 - minute for minute in range(100)])) == math.inf
    assert seconds_left(watched([900.0] * 100)) == math.inf


def test_too_little_was_seen_to_tell() -> None:
    assert seconds_left(()) is None
    assert seconds_left(watched([500.0 + minute for minute in range(10)])) is None


def test_what_is_kept_is_bounded() -> None:
    levels = watched([500.0] * 5000)
    assert len(levels) < 400
    assert levels[-1].at - levels[0].at <= KEPT_FOR


def test_a_clock_that_was_set_back_begins_anew() -> None:
    assert with_level((Level(100.0, 1.0, 1.0),), Level(50.0, 2.0, 1.0)) == (Level(50.0, 2.0, 1.0),)


@given(st.lists(st.floats(0, SIZE), min_size=16, max_size=80))
def test_whatever_was_seen_the_end_is_in_the_future_or_never(used: list[float]) -> None:
    left = seconds_left(watched(used))
    assert left is None or left >= 0
