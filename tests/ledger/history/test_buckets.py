"""Downsampling: what a wide bucket says is what the values in it were."""

import math

from hypothesis import given
from hypothesis import strategies as st

from ledger.history.buckets import Bucket, bucket_of, folded, joined, merged, start_of

VALUES = st.floats(allow_nan=False, allow_infinity=False, width=64)
LISTS = st.lists(VALUES, min_size=1, max_size=30)
TIMES = st.integers(min_value=0, max_value=20_000)
SEEN = st.lists(st.tuples(TIMES, VALUES), min_size=1, max_size=60)
SMALL = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)


def _column(seen: list[tuple[int, float]], step: int) -> dict[int, Bucket]:
    """The buckets of these values, made at once."""
    by_start: dict[int, list[float]] = {}
    for at, value in seen:
        by_start.setdefault(start_of(at, step), []).append(value)
    return {start: bucket_of(values) for start, values in by_start.items()}


@given(SEEN)
def test_counts_and_extremes_survive_every_fold(seen: list[tuple[int, float]]) -> None:
    wide = folded(folded(_column(seen, 10), 300), 3600)
    at_once = _column(seen, 3600)
    assert {start: (one.values, one.minimum, one.maximum) for start, one in wide.items()} == {
        start: (one.values, one.minimum, one.maximum) for start, one in at_once.items()
    }


@given(st.lists(st.tuples(TIMES, SMALL), min_size=1, max_size=60))
def test_the_mean_is_that_of_the_values_and_not_that_of_the_means(seen: list[tuple[int, float]]) -> None:
    whole = folded(folded(_column(seen, 10), 300), 86_400)[0]
    assert math.isclose(whole.mean, math.fsum(value for _, value in seen) / len(seen), rel_tol=1e-9, abs_tol=1e-3)


@given(LISTS, LISTS)
def test_a_mean_lies_between_its_extremes_however_large_they_are(one: list[float], other: list[float]) -> None:
    both = merged(_safe(one), _safe(other))
    assert both.minimum <= both.mean <= both.maximum


def _safe(values: list[float]) -> Bucket:
    """Of values whose sum may be infinite."""
    whole = bucket_of(values[:1])
    for value in values[1:]:
        whole = merged(whole, bucket_of([value]))
    return whole


@given(TIMES, st.sampled_from([10, 300, 3600]))
def test_a_bucket_holds_its_start_and_not_its_end(at: int, step: int) -> None:
    start = start_of(at, step)
    assert start <= at < start + step
    assert start_of(start, step) == start
    assert start_of(start + step, step) == start + step


@given(SEEN, st.integers(min_value=0, max_value=59))
def test_written_in_two_parts_it_is_the_same(seen: list[tuple[int, float]], cut: int) -> None:
    both = joined(_column(seen[:cut], 10), _column(seen[cut:], 10))
    at_once = _column(seen, 10)
    assert both.keys() == at_once.keys()
    for start, bucket in both.items():
        assert (bucket.values, bucket.minimum, bucket.maximum) == (
            at_once[start].values,
            at_once[start].minimum,
            at_once[start].maximum,
        )


def test_where_nothing_was_known_there_is_no_bucket() -> None:
    assert folded({0: bucket_of([1.0]), 900: bucket_of([3.0])}, 300).keys() == {0, 900}
