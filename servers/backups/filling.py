"""When the disk of a backup repository will be full, by a straight line through what was seen of it. Pure.

Backups come in daily leaps and go by retention: a line through less than some hours tells of one leap, not of a trend.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SHORTEST = timedelta(hours=6)  # a history that is shorter predicts nothing
LONGEST = timedelta(days=7)
APART = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sample:
    """How much was used and left of a file system, in bytes."""

    at: datetime
    used: int
    available: int


@dataclass(frozen=True, slots=True)
class Filling:
    """One file system of a repository, oldest sample first."""

    path: str
    samples: tuple[Sample, ...]

    @property
    def span(self) -> timedelta:
        return self.samples[-1].at - self.samples[0].at

    def with_sample(self, sample: Sample) -> "Filling":
        """Samples too close to the last one, and those that are too old, are left out."""
        if self.samples and sample.at - self.samples[-1].at < APART:
            return self
        kept = tuple(one for one in self.samples if sample.at - one.at <= LONGEST)
        return Filling(self.path, (*kept, sample))


def growth(samples: Sequence[Sample]) -> float | None:
    """Bytes a second, by least squares; None where the history is too short to tell."""
    if len(samples) < 3 or samples[-1].at - samples[0].at < SHORTEST:
        return None
    times = [(one.at - samples[0].at).total_seconds() for one in samples]
    mean_time, mean_used = sum(times) / len(times), sum(one.used for one in samples) / len(samples)
    across = sum((time - mean_time) * (one.used - mean_used) for time, one in zip(times, samples, strict=True))
    return across / sum((time - mean_time) ** 2 for time in times)


def seconds_left(samples: Sequence[Sample]) -> float | None:
    """Until nothing is left, from the last sample on; infinite where it does not grow; None: cannot be told."""
    rate = growth(samples)
    if rate is None:
        return None
    return samples[-1].available / rate if rate > 0 else float("inf")
