"""Values on their way into the file: gathered by the ten seconds they were seen in. Pure but for its own memory."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ledger.history.buckets import Bucket, bucket_of, start_of
from ledger.history.tiers import FINE

# A look is dated by its beginning, and may take this long until it arrives here.
GRACE = 5.0


class Observed(Protocol):
    """One value (alerts.observation.Observation): the name of what is measured, of what, and in which unit. None: not
    known now."""

    @property
    def name(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def value(self) -> float | None: ...
    @property
    def unit(self) -> str: ...


SeriesKey = tuple[str, str, str]  # name, subject, unit


@dataclass(frozen=True, slots=True)
class Seen:
    """What was observed of a cluster in one look, in seconds since 1970."""

    cluster: str
    at: float
    observations: tuple[Observed, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The buckets of a cluster that begin at one moment."""

    cluster: str
    at: int
    buckets: dict[SeriesKey, Bucket]


class Gathering:
    """Used by one thread."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, str], dict[SeriesKey, list[float]]] = {}

    def add(self, seen: Iterable[Seen]) -> None:
        for look in seen:
            values = self._open.setdefault((start_of(look.at, FINE.step), look.cluster), {})
            for one in look.observations:
                # What is not known leaves a gap; what is no number (a server may answer anything) as well.
                if one.value is not None and math.isfinite(one.value):
                    values.setdefault((one.name, one.subject, str(one.unit)), []).append(float(one.value))

    def take(self, now: float) -> list[Gathered]:
        """The buckets that are over by then, oldest first; they are no longer here. `math.inf` takes all."""
        over = sorted(key for key in self._open if key[0] + FINE.step + GRACE <= now)
        taken = ((key, self._open.pop(key)) for key in over)
        return [
            Gathered(cluster, at, {key: bucket_of(given) for key, given in values.items()})
            for (at, cluster), values in taken
            if values
        ]
