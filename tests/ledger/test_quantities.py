"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.quantities import bytes_text, count_text, seconds_text, share_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (812, "812 bytes"),
        (1024, "1.0 kB"),
        (1_468_006, "1.4 MB"),
        (16_777_216, "16.0 MB"),
    ],
)
def test_bytes_have_units(value: int, text: str) -> None:
    assert bytes_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 ms"),
        (0.035, "35 ms"),
        (0.9999, "1 s"),
        (1.42, "1.4 s"),
        (59.99, "1 min"),
        (125, "2 min 5 s"),
        (11_520, "3 h 12 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_seconds_have_units(value: float, text: str) -> None:
    assert seconds_text(value) == text


@given(st.integers(0, 10**18), st.floats(0, 1e9))
def test_numbers_are_short_for_every_size(count: int, duration: float) -> None:
    assert len(bytes_text(count)) <= 12
    assert len(seconds_text(duration)) <= 16


def test_counts_have_a_plural() -> None:
    assert (count_text(1, "step"), count_text(2, "step")) == ("1 step", "2 steps")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 %"), (0.8, "80 %"), (0.84, "84 %"), (0.7992, "79.9 %"), (0.895, "89.5 %"), (1.0, "100 %")],
)
def test_shares_are_percent_and_tell_what_is_just_below_a_limit(value: float, text: str) -> None:
    assert share_text(value) == text
