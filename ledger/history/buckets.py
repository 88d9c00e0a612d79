"""Many values of one series in one bucket of time, and buckets in wider ones. Pure.

Times are whole seconds since 1970 (UTC); a bucket is named by its start, which is a multiple of its step. Where
nothing was known there is no bucket: unknown is not zero.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Bucket(NamedTuple):
    """What is kept of the values in it. A tuple, because there are thirty thousand every ten seconds."""

    values: int  # how many
    minimum: float
    mean: float
    maximum: float


Column = Mapping[int, Bucket]  # by start


def bucket_of(values: Iterable[float]) -> Bucket:
    """The bucket of these values; ValueError where there are none."""
    known = tuple(values)
    return Bucket(len(known), min(known), _within(sum(known) / len(known), min(known), max(known)), max(known))


def merged(one: Bucket, other: Bucket) -> Bucket:
    """Both as one: counts and extremes exactly, the mean weighted by the counts."""
    values = one.values + other.values
    low, high = min(one.minimum, other.minimum), max(one.maximum, other.maximum)
    # Not the sum divided by the count: two values near the largest float must not become infinite.
    mean = one.mean + (other.mean - one.mean) * (other.values / values)
    return Bucket(values, low, _within(mean, low, high), high)


def joined(one: Column, other: Column) -> dict[int, Bucket]:
    """The buckets of both, where both have one merged."""
    both = dict(one)
    for start, bucket in other.items():
        both[start] = merged(both[start], bucket) if start in both else bucket
    return both


def start_of(at: float, step: int) -> int:
    """The start of the bucket that `at` is in."""
    return int(at // step) * step


def folded(column: Column, step: int) -> dict[int, Bucket]:
    """The same values in buckets of `step` seconds, a multiple of the column's own."""
    wider: dict[int, Bucket] = {}
    for start, bucket in column.items():
        into = start_of(start, step)
        wider[into] = merged(wider[into], bucket) if into in wider else bucket
    return wider


def between(column: Column, start: int, end: int) -> dict[int, Bucket]:
    """Those that begin in [start, end)."""
    return {at: bucket for at, bucket in column.items() if start <= at < end}


def _within(value: float, low: float, high: float) -> float:
    """Rounding must not put a mean beside its extremes."""
    return min(max(value, low), high)
