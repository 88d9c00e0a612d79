"""When something will be full, at the rate that is seen. Pure.

A disk goes up and down all day: logs are rotated, WAL is recycled, backups come and go, a sort spills. So a rate counts
only where three things come together: the median of the slopes between all pairs of samples (Theil and Sen) is
positive, so that a third of the samples may be anything; the disk is fuller now than ever before the last quarter of
the stretch that is looked at, so that no tooth of a saw is taken for a trend once such a tooth was seen; and the end is
not further away than four times that stretch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

STRETCHES = (6 * 3600.0, 3600.0, 900.0)  # seconds, the longest first
FORESIGHT = 4.0
KEPT_FOR = 48 * 3600.0
DENSE_FOR = 3600.0  # so long every sample is kept, then the highest of half an hour
SPARSE = 1800.0
MOST_POINTS = 40  # of a stretch: slopes are counted between all pairs


@dataclass(frozen=True, slots=True)
class Level:
    """How much is used and how much left, at a time in seconds."""

    at: float
    used: float
    left: float


def with_level(levels: Sequence[Level], level: Level) -> tuple[Level, ...]:
    """The levels with a new one, thinned out and without those that are too old. A clock set back begins anew."""
    if levels and level.at <= levels[-1].at:
        return (level,)
    kept: list[Level] = []
    for one in levels:
        age = level.at - one.at
        if age > KEPT_FOR:
            continue
        if age > DENSE_FOR and kept and one.at // SPARSE == kept[-1].at // SPARSE:
            # The highest stays: it is what shows that the disk has been as full before.
            kept[-1] = max(kept[-1], one, key=lambda each: each.used)
        else:
            kept.append(one)
    return (*kept, level)


def seconds_left(levels: Sequence[Level]) -> float | None:
    """Until nothing is left; infinite where it does not fill up; None where too little was seen to tell."""
    if not levels or levels[-1].at - levels[0].at < STRETCHES[-1] * 0.9:
        return None
    now = levels[-1]
    ends = [end for length in STRETCHES if (end := _end(levels, now, length)) is not None]
    return min(ends, default=math.inf)


def _end(levels: Sequence[Level], now: Level, length: float) -> float | None:
    stretch = [one for one in levels if now.at - one.at <= length]
    if now.at - stretch[0].at < length * 0.9:
        return None
    if any(one.used >= now.used for one in levels if now.at - one.at > length / 4):
        return None
    rate = slope(stretch)
    if rate <= 0:
        return None
    end = now.left / rate
    return end if end <= length * FORESIGHT else None


def slope(levels: Sequence[Level]) -> float:
    """What is used more, a second: the median of the slopes between all pairs."""
    step = max(1, math.ceil(len(levels) / MOST_POINTS))
    points = levels[::step]
    slopes = [
        (later.used - earlier.used) / (later.at - earlier.at)
        for number, earlier in enumerate(points)
        for later in points[number + 1 :]
    ]
    return median(slopes) if slopes else 0.0
