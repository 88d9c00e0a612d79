"""How much counters have grown lately: over the last ten minutes, and over the last hour. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from servers.watching.postgresql.server_statistics import Counters

LATELY = 600.0
LONG = 3600.0
# A window counts once it is nearly full: a minute's burst, told as ten minutes', would be a tenth of itself.
_NEARLY = 0.85
# What is older than the shorter one is kept every five minutes only: many servers are watched.
_APART = 300.0


@dataclass(frozen=True, slots=True)
class Change:
    """By how much each counter grew in `seconds`."""

    seconds: float
    grown: Mapping[str, float]

    def of(self, name: str) -> float | None:
        return self.grown.get(name)


@dataclass(frozen=True, slots=True)
class Kept:
    """The counters of the last hour, oldest first, all of one epoch."""

    samples: tuple[Counters, ...] = ()

    def with_sample(self, sample: Counters) -> "Kept":
        """A restart, a reset, a promotion, a clock that was set back: counting begins anew, and nothing is known."""
        last = self.samples[-1] if self.samples else None
        if last is None or sample.epoch != last.epoch or sample.at <= last.at or _fell(last, sample):
            return Kept((sample,))
        return Kept((*_thinned(self.samples, sample.at), sample))

    def change(self, seconds: float) -> Change | None:
        """The growth over the last `seconds`, as near as the samples come to it; None: not known (any more)."""
        if not self.samples:
            return None
        last = self.samples[-1]
        first = next((one for one in self.samples if last.at - one.at <= seconds), last)
        span = last.at - first.at
        if span < seconds * _NEARLY:
            return None
        grown = {name: value - first.values[name] for name, value in last.values.items() if name in first.values}
        return Change(span, grown)

    @property
    def latest(self) -> Change | None:
        """The growth between the last two looks."""
        if len(self.samples) < 2:
            return None
        before, last = self.samples[-2:]
        grown = {name: value - before.values[name] for name, value in last.values.items() if name in before.values}
        return Change(last.at - before.at, grown)


def _thinned(samples: Iterable[Counters], now: float) -> Iterator[Counters]:
    before = float("-inf")
    for one in samples:
        age = now - one.at
        if age <= LATELY or (age <= LONG and one.at - before >= _APART):
            before = one.at
            yield one


def _fell(before: Counters, after: Counters) -> bool:
    return any(value < before.values.get(name, 0.0) for name, value in after.values.items())
