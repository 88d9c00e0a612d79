"""How long the courier holds back after a failure, per channel and kind of call. Pure but for the clock it is given.

It is the channel that waits, not each page by itself: so that all that gathered meanwhile leaves in order.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.slack.outcome import Ending, Fate
from bot.slack.poster import Lane


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds. A post whose answer is missing may still be on its way: nobody looks for it before `settle`."""

    settle: float = 2.0
    first: float = 1.0
    longest: float = 30.0
    refused: float = 60.0


@dataclass(slots=True)
class Patience:
    clock: Callable[[], float]
    pauses: Pauses = Pauses()
    _until: dict[tuple[str, Lane], float] = field(default_factory=dict)
    _failures: dict[tuple[str, Lane], int] = field(default_factory=dict)

    def wait(self, channel: str, lane: Lane) -> float:
        """Seconds until this channel may be tried again."""
        return max(0.0, self._until.get((channel, lane), 0.0) - self.clock())

    def succeeded(self, channel: str, lane: Lane) -> None:
        self._failures.pop((channel, lane), None)
        self._until.pop((channel, lane), None)

    def failed(self, channel: str, lane: Lane, ending: Ending) -> float:
        """Holds back what must wait; returns the seconds for which the page itself is not to be tried."""
        match ending.fate:
            case Fate.RATE_LIMITED:
                self._hold(channel, (lane,), max(ending.retry_after, self.pauses.first))
                return 0.0
            case Fate.UNKNOWN:
                self._hold(channel, (lane,), max(self._back_off(channel, lane), self.pauses.settle))
                return self.pauses.settle
            case Fate.NOT_SENT | Fate.NO_CHANNEL | Fate.NO_ACCESS:
                self._hold(channel, tuple(Lane), self._back_off(channel, lane))
                return 0.0
            case Fate.BAD_CONTENT | Fate.NO_MESSAGE | Fate.REFUSED:
                return self.pauses.refused

    def _back_off(self, channel: str, lane: Lane) -> float:
        failures = self._failures[channel, lane] = self._failures.get((channel, lane), 0) + 1
        return min(self.pauses.first * 2.0 ** min(failures - 1, 10), self.pauses.longest)

    def _hold(self, channel: str, lanes: tuple[Lane, ...], seconds: float) -> None:
        until = self.clock() + seconds
        for lane in lanes:
            self._until[channel, lane] = max(until, self._until.get((channel, lane), 0.0))
