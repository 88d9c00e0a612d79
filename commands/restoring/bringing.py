"""How far it is what comes from the store, in one line, as often as people can read."""

from collections.abc import Callable

from ledger.quantities import bytes_text, seconds_text, share_text

_EVERY = 2.0  # seconds between two lines


class Bringing:
    """`clock` in seconds. What was there before this began does not count for the rate."""

    def __init__(self, name: str, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._name, self._say, self._clock = name, say, clock
        self._began, self._said, self._first = clock(), float("-inf"), -1

    def tell(self, done: int, total: int) -> None:
        """Bytes, of how many."""
        now = self._clock()
        if self._first < 0:
            self._first = done
        if now - self._said < _EVERY and done < total:
            return
        self._said = now
        self._say(f"{self._name}: {bring_line(done, total, done - self._first, now - self._began)}")


def bring_line(done: int, total: int, brought: int, seconds: float) -> str:
    """“18 %: 12 GB of 65 GB, 110 MB a second, about 8 min left”. Pure."""
    share = share_text(done / total) if total else "100 %"
    parts = [f"{share}: {bytes_text(done)} of {bytes_text(total)}"]
    if seconds >= 1 and brought > 0:
        rate = brought / seconds
        parts.append(f"{bytes_text(rate)} a second")
        if done < total:
            parts.append(f"about {seconds_text((total - done) / rate)} left")
    return ", ".join(parts)
