"""`make bench-history`: what keeping the history costs: CPU, and bytes on disk.

An hour of looks at many clusters is recorded as fast as it goes, with a clock of its own; half of the series never
change, as most do not. CPU is that of the process, the folding of the hour included.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from bench.figures import Figure, as_json, table
from ledger.history.history import History
from ledger.units import Unit

LOOK_EVERY, WRITE_EVERY, HOUR = 5, 10, 3600  # seconds
IDLE = 0.02  # seconds of CPU; a round that has something to fold takes ten times as long


@dataclass(frozen=True, slots=True)
class _Value:
    name: str
    subject: str
    value: float
    unit: Unit = Unit.COUNT


async def keep_an_hour(clusters: int, series: int) -> list[Figure]:
    """The cost of one hour, and of folding it when it is over."""
    clock = _Clock()
    with tempfile.TemporaryDirectory() as place:
        history = History(Path(place) / "bench.history.sqlite3", 10**12, clock)
        looks, writes = await _record(history, clock, clusters, series)
        folding = await _fold(history, clock)
        size = history.figures.used_bytes
        await history.close()
    of = f"{clusters} clusters of {series} series"
    cpu = (sum(looks) + sum(writes) + folding) / HOUR * 100
    return [
        Figure(f"history, {of}: share of one core", "%", (cpu,)),
        Figure("handing a look over, on the event loop", "ms", tuple(one * 1000 / clusters for one in looks)),
        Figure("writing ten seconds", "ms", tuple(one * 1000 for one in writes), "p99"),
        Figure("an hour of one series on disk, all tiers", "bytes", (size / clusters / series,)),
    ]


@dataclass(slots=True)
class _Clock:
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


async def _record(history: History, clock: _Clock, clusters: int, series: int) -> tuple[list[float], list[float]]:
    """CPU seconds of each look's hand-over, and of each writing."""
    looks, writes = [], []
    for tick, seen in enumerate(_values(series)):
        began = time.process_time()
        for cluster in range(clusters):
            history.record(f"c{cluster}", clock.now, seen)
        looks.append(time.process_time() - began)
        clock.go_on(LOOK_EVERY)
        if tick % 2:
            began = time.process_time()
            await history.flush()
            writes.append(time.process_time() - began)
    return looks, writes


async def _fold(history: History, clock: _Clock) -> float:
    """CPU seconds until nothing of the hour is left to be folded."""
    clock.go_on(120)
    spent, last = 0.0, 1.0
    while last > IDLE:
        began = time.process_time()
        await history.flush()
        last = time.process_time() - began
        spent += last
        clock.go_on(WRITE_EVERY)
    return spent


def _values(series: int) -> Iterator[tuple[_Value, ...]]:
    """Half of them constant, the others a walk, a count, or something that changes each minute."""
    dice = random.Random(1)  # noqa: S311 - no secret
    levels = [float(dice.randrange(10**6)) for _ in range(series)]
    for tick in range(HOUR // LOOK_EVERY):
        for number in range(series // 2, series):
            if number % 3 == 0:
                levels[number] += dice.random() * 1e4
            elif number % 3 == 1:
                levels[number] = float(dice.randrange(50))
            elif tick % 12 == 0:
                levels[number] += dice.randrange(1000)
        yield tuple(_Value(f"value_{number}", "db1", level) for number, level in enumerate(levels))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--clusters", type=int, default=500)
    parser.add_argument("--series", type=int, default=60)
    given = parser.parse_args()
    figures = asyncio.run(keep_an_hour(given.clusters, given.series))
    print(as_json(figures))
    Console(stderr=True, width=150).print(table(figures))


if __name__ == "__main__":
    main()
