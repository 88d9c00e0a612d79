"""The history: what every probe observed, for a day, a month and two years.

    record(...)   takes what was observed; no I/O, and nobody waits
    run()         writes it every ten seconds, in one transaction on a thread of its own
    series(...)   reads a stretch of it, on another thread

Where it cannot be kept (a full disk, a damaged file) that is said, and nothing else is disturbed.
"""

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from ledger.history.file import HistoryFile, SeriesName
from ledger.history.gathering import Gathering, Observed, Seen
from ledger.history.keeping import Keeping
from ledger.history.series import Series, Wanted, read_series, wanted
from ledger.history.tiers import HOUR, TIERS

T = TypeVar("T")

WRITE_EVERY = 10.0  # seconds
READ_SECONDS = 2.0  # for one question; a file that hangs must not hold up an answer
MOST_WAITING = 20_000  # looks; a disk that hangs must not fill the memory
POINTS = 300  # as many as a picture for a phone can show


class HistoryUnreadable(Exception):
    """The history could not be read; the message says why, and what is not disturbed by it."""


@dataclass(frozen=True, slots=True)
class HistoryFigures:
    """How the history is doing. `trouble` says in a line why it is not kept now, or what was given up for room."""

    used_bytes: int = 0
    limit_bytes: int = 0
    given_up: int = 0  # chunks since the start
    left_out: int = 0  # values since the start, of clusters with too many series
    last_written_at: datetime | None = None
    kept: bool = True
    trouble: str | None = None


class History:
    """Nothing is opened before it is used; end with `close`."""

    def __init__(self, path: Path, limit: int, clock: Callable[[], datetime]) -> None:
        """`path`: its file, beside the ledger. `limit`: how many bytes that may have. `clock` gives aware times."""
        self.path = path
        self._limit = limit
        self._clock = clock
        self._waiting: list[Seen] = []
        self._gathering = Gathering()
        self._writer: HistoryFile | None = None
        self._keeping: Keeping | None = None
        self._reader: HistoryFile | None = None
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="history-write")
        self._read_thread = ThreadPoolExecutor(1, thread_name_prefix="history-read")
        self._figures = HistoryFigures(limit_bytes=limit)
        self._closed = False

    def record(self, cluster: str, at: datetime, observations: Iterable[Observed]) -> None:
        """What one look at a cluster observed. Returns at once; kept within ten seconds or so."""
        if not self._closed and len(self._waiting) < MOST_WAITING:
            self._waiting.append(Seen(cluster, at.timestamp(), tuple(observations)))

    async def run(self, written: Callable[[HistoryFigures], None] = lambda figures: None) -> None:
        """Writes until it is cancelled; `written` is told each time how it went."""
        while True:
            await asyncio.sleep(WRITE_EVERY)
            await self.flush()
            written(self._figures)

    async def flush(self) -> None:
        """Writes what is complete by now. Never raises for what the file does: `figures` says it."""
        now, waiting = self._clock().timestamp(), self._take_waiting()
        await self._in_thread(self._write_thread, lambda: self._keep(waiting, now, now))

    async def series(
        self, cluster: str, name: str, subject: str, start: datetime, end: datetime, points: int = POINTS
    ) -> Series | None:
        """That stretch of one series; None where the cluster never had it. Raises HistoryUnreadable."""
        span = wanted(start, end, points)
        return await self._read(lambda file: _one(file, cluster, name, subject, span))

    async def every_series(
        self,
        cluster: str,
        names: Iterable[str],
        start: datetime,
        end: datetime,
        points: int = POINTS,
        *,
        within: float = READ_SECONDS,
    ) -> tuple[Series, ...]:
        """The series of those names, of whatever subject, that have anything in that stretch; by name and subject.

        All of one step. `within`: seconds to wait for it. Raises HistoryUnreadable.
        """
        span, asked = wanted(start, end, points), frozenset(names)
        return await self._read(lambda file: _every(file, cluster, asked, span), within)

    async def catalogue(self, cluster: str) -> tuple[SeriesName, ...]:
        """Every series that the cluster has, or had. Raises HistoryUnreadable."""
        return await self._read(lambda file: file.series(cluster))

    async def reaches_back(self) -> tuple[tuple[int, datetime], ...]:
        """What was given up for want of room: the step of the buckets in seconds, and before when there are none."""
        cuts = await self._read(lambda file: file.cuts())
        return tuple(
            (tier.step, datetime.fromtimestamp(cuts[tier.number], UTC)) for tier in TIERS if tier.number in cuts
        )

    @property
    def figures(self) -> HistoryFigures:
        return self._figures

    async def close(self) -> None:
        """Writes all there is, and closes. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        now, waiting = self._clock().timestamp(), self._take_waiting()
        await self._in_thread(self._write_thread, lambda: self._finish(waiting, now))
        await self._in_thread(self._read_thread, self._close_reader)
        self._write_thread.shutdown(wait=False)
        self._read_thread.shutdown(wait=False)

    def _take_waiting(self) -> list[Seen]:
        """On the event loop, as `record` is: in the thread a look might come between."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _keep(self, waiting: Iterable[Seen], now: float, over: float) -> None:
        self._gathering.add(waiting)
        gathered = self._gathering.take(over)
        try:
            kept = self._opened().keep(gathered, now)
        except Exception as error:  # whatever a disk or a damaged file leads to: the next round must come
            # What could not be written is let go: a disk that stays full must not fill the memory as well.
            self._figures = replace(self._figures, kept=False, trouble=f"history is not kept: {error}")
            return
        figures = self._figures
        given_up = figures.given_up + kept.given_up
        self._figures = HistoryFigures(
            used_bytes=kept.used,
            limit_bytes=self._limit,
            given_up=given_up,
            left_out=figures.left_out + kept.left_out,
            last_written_at=datetime.fromtimestamp(now, UTC),
            trouble="history gives up its finest and oldest values: its limit is reached" if given_up else None,
        )

    def _opened(self) -> Keeping:
        if self._keeping is None:
            self._writer = HistoryFile.open(self.path)
            self._keeping = Keeping(self._writer, self._limit, time.monotonic)
        return self._keeping

    def _finish(self, waiting: Sequence[Seen], now: float) -> None:
        if self._keeping is not None or waiting:
            self._keep(waiting, now, math.inf)
        if self._writer is not None:
            self._writer.close()

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()

    async def _read(self, question: Callable[[HistoryFile], T], within: float = READ_SECONDS) -> T:
        def ask() -> T:
            if self._reader is None:
                self._reader = HistoryFile.open_to_read(self.path)
            return question(self._reader)

        try:
            async with asyncio.timeout(within):
                return await self._in_thread(self._read_thread, ask)
        except TimeoutError:
            raise HistoryUnreadable(f"The history {self.path} did not answer within {within:g} s.") from None
        except sqlite3.Error as error:
            why = f"The history {self.path} cannot be read ({error}). It is written while the bot runs."
            raise HistoryUnreadable(why) from None

    async def _in_thread(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)


def _one(file: HistoryFile, cluster: str, name: str, subject: str, span: Wanted) -> Series | None:
    known = [one for one in file.series(cluster) if (one.name, one.subject) == (name, subject)]
    return next(iter(read_series(file, cluster, known, span)), None)


def _every(file: HistoryFile, cluster: str, names: frozenset[str], span: Wanted) -> tuple[Series, ...]:
    # When one was last seen is known to the hour; queries of last month are not looked for in the last minutes.
    known = [one for one in file.series(cluster) if one.name in names and one.last_at + HOUR >= span.start]
    return tuple(series for series in read_series(file, cluster, known, span) if series.known)
