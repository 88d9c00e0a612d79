"""A stretch of one series, as it was recorded: at most so many points, gaps as gaps."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.history.buckets import Bucket, Column, between, folded, joined, merged, start_of
from ledger.history.encoding import decode_series
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


def read_series(file: HistoryFile, cluster: str, series: SeriesName, span: Wanted) -> Series:
    """From the coarsest tier that is fine enough, and whose past reaches back as far as there is any."""
    tier = _tier_for(file, cluster, span)
    step = steps_for(span, tier)
    first = start_of(span.start, step)
    column = folded(_column(file, cluster, series.id, tier, first, span.end), step)
    starts = range(first, span.end, step)
    buckets = tuple(column.get(at) for at in starts)
    return Series(series.name, series.subject, series.unit, datetime.fromtimestamp(first, UTC), step, buckets)


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


def _column(file: HistoryFile, cluster: str, series: int, tier: Tier, start: int, end: int) -> Column:
    """In the tier's own buckets. The hours that are not folded yet are folded here."""
    column: Column = {}
    for at, data in file.chunks(tier, cluster, start, end):
        column = joined(column, decode_series(data, series, at, tier))
    recent = {at: buckets[series] for at, buckets in file.frames(cluster, start, end) if series in buckets}
    return between(joined(column, folded(recent, tier.step)), start, end)
