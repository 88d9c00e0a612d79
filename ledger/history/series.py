"""A stretch of one series, as it was recorded: at most so many points, gaps as gaps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.history.buckets import Bucket, Column, between, folded, joined, merged, start_of
from ledger.history.encoding import decode_some
from ledger.history.file import HistoryFile, SeriesName
from ledger.history.tiers import FINE, TIERS, Tier
from ledger.units import Unit


@dataclass(frozen=True, slots=True)
class Series:
    """The buckets of `step` seconds from `start` (UTC) on, one after the other. None: nothing was known in it."""

    name: str
    subject: str
    unit: Unit
    start: datetime
    step: int
    buckets: tuple[Bucket | None, ...]

    @property
    def known(self) -> tuple[Bucket, ...]:
        return tuple(bucket for bucket in self.buckets if bucket is not None)

    def at(self, number: int) -> datetime:
        """When the bucket of that number begins."""
        return datetime.fromtimestamp(self.start.timestamp() + number * self.step, UTC)

    def points(self) -> tuple[tuple[datetime, Bucket | None], ...]:
        return tuple((self.at(number), bucket) for number, bucket in enumerate(self.buckets))

    def whole(self) -> Bucket | None:
        """All of it as one: how many values, the least, the mean, the most."""
        whole: Bucket | None = None
        for bucket in self.known:
            whole = bucket if whole is None else merged(whole, bucket)
        return whole


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stretch of time in whole seconds since 1970, and how many points it may have."""

    start: int
    end: int
    points: int

    def __post_init__(self) -> None:
        if self.end <= self.start or self.points < 1:
            raise ValueError("a series needs a time that is above zero, and one point at least")


def wanted(start: datetime, end: datetime, points: int) -> Wanted:
    """ValueError for a stretch without length, or without points."""
    return Wanted(math.floor(start.timestamp()), math.ceil(end.timestamp()), points)


def steps_for(span: Wanted, tier: Tier) -> int:
    """The narrowest step, a multiple of the tier's, that needs no more points than are wanted."""
    step = tier.step
    while -(-span.end // step) - span.start // step > span.points:
        step = max(step + tier.step, tier.step * -(-(span.end - span.start) // (span.points * tier.step)))
    return step


def read_series(file: HistoryFile, cluster: str, series: Sequence[SeriesName], span: Wanted) -> tuple[Series, ...]:
    """All of one step, from the coarsest tier that is fine enough and reaches back as far as anything does."""
    tier = _tier_for(file, cluster, span)
    step = steps_for(span, tier)
    first = start_of(span.start, step)
    columns = _columns(file, cluster, frozenset(one.id for one in series), tier, Wanted(first, span.end, span.points))
    return tuple(_series(one, folded(columns.get(one.id, {}), step), range(first, span.end, step)) for one in series)


def _series(name: SeriesName, column: Column, starts: range) -> Series:
    buckets = tuple(column.get(at) for at in starts)
    return Series(name.name, name.subject, name.unit, datetime.fromtimestamp(starts.start, UTC), starts.step, buckets)


def _tier_for(file: HistoryFile, cluster: str, span: Wanted) -> Tier:
    fitting = [tier for tier in TIERS if tier.step <= steps_for(span, FINE)]
    best = fitting[-1]
    for coarser in TIERS[best.number + 1 :]:
        if _misses(file, cluster, best, coarser, span):
            best = coarser
    return best


def _misses(file: HistoryFile, cluster: str, tier: Tier, coarser: Tier, span: Wanted) -> bool:
    """Whether the coarser tier knows of a time in the stretch that the finer one has forgotten."""
    known = file.first_chunk(coarser, cluster, span.start, span.end)
    if known is None:
        return False
    has = file.first_chunk(tier, cluster, span.start, span.end)
    return has is None or has >= max(span.start, known) + coarser.span


def _columns(
    file: HistoryFile, cluster: str, ids: frozenset[int], tier: Tier, span: Wanted
) -> dict[int, dict[int, Bucket]]:
    """In the tier's own buckets. The hours that are not folded yet are folded here."""
    columns: dict[int, dict[int, Bucket]] = {}
    for at, data in file.chunks(tier, cluster, span.start, span.end):
        for series, column in decode_some(data, ids, at, tier).items():
            columns[series] = joined(columns.get(series, {}), column)
    recent: dict[int, dict[int, Bucket]] = {}
    for at, buckets in file.frames(cluster, span.start, span.end):
        for series in ids & buckets.keys():
            recent.setdefault(series, {})[at] = buckets[series]
    for series, column in recent.items():
        columns[series] = joined(columns.get(series, {}), folded(column, tier.step))
    return {series: between(column, span.start, span.end) for series, column in columns.items()}
