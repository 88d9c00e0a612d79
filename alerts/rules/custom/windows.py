"""The last while of the values that rules ask about over time, in memory: in buckets of ten seconds, as the history."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.history.buckets import Bucket, bucket_of, merged, start_of
from ledger.history.tiers import FINE

Key = tuple[str, str]  # name and subject
# A function over time is not known while less than this part of the time was seen.
ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was seen of a value in the last `seconds`, by time, in buckets of `step` seconds."""

    seconds: float
    step: int
    buckets: tuple[tuple[int, Bucket], ...]

    @property
    def enough(self) -> bool:
        return len(self.buckets) * self.step >= min(self.seconds * ENOUGH, self.seconds - self.step)


class Windows:
    """Of one cluster. `longest`: for which names, and how many seconds back; `step`: seconds of a bucket."""

    def __init__(self, longest: Mapping[str, float], step: int = FINE.step) -> None:
        self._longest = dict(longest)
        self._step = step
        self._buckets: dict[Key, deque[tuple[int, Bucket]]] = {}

    def add(self, at: float, values: Iterable[tuple[str, str, float | None]]) -> None:
        """What a look saw: name, subject, value."""
        start = start_of(at, self._step)
        for name, subject, value in values:
            if value is not None and name in self._longest:
                self.put(name, subject, start, bucket_of([value]))
        self._forget(at)

    def put(self, name: str, subject: str, start: int, bucket: Bucket) -> None:
        """A bucket, in the order of time."""
        kept = self._buckets.setdefault((name, subject), deque())
        if kept and kept[-1][0] == start:
            kept[-1] = (start, merged(kept[-1][1], bucket))
        elif not kept or kept[-1][0] < start:
            kept.append((start, bucket))

    def stretch(self, name: str, subject: str, seconds: float, now: float) -> Stretch:
        kept = self._buckets.get((name, subject), ())
        begins = now - seconds
        return Stretch(
            seconds, self._step, tuple(one for one in kept if begins < one[0] + self._step and one[0] <= now)
        )

    def _forget(self, now: float) -> None:
        for (name, subject), kept in tuple(self._buckets.items()):
            while kept and kept[0][0] + self._step <= now - self._longest.get(name, 0.0):
                kept.popleft()
            if not kept:
                del self._buckets[(name, subject)]
