"""The WAL that the archive has along a timeline's history: spans without a gap, and the gaps between them. Pure.

A timeline's first segment is a copy of the one in which it left its parent, up to there: so the parent's part of a
history ends with the segment before. XLogFileReadAnyTLI in PostgreSQL's src/backend/access/transam/xlogrecovery.c.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from servers.backups.archive import ArchiveState, Segments, segment_name, segment_number
from servers.lsn import Lsn
from servers.timelines import Stretch

FIRST_TIMELINE = 1


@dataclass(frozen=True, slots=True)
class Span:
    """Archived WAL without a gap: one piece a timeline, in order. Times are when its ends were archived, if known."""

    pieces: tuple[Segments, ...]

    @property
    def first(self) -> int:
        return self.pieces[0].first

    @property
    def last(self) -> int:
        return self.pieces[-1].last

    @property
    def ended_at(self) -> datetime | None:
        return self.pieces[-1].ended_at

    def part(self, first: int, last: int) -> tuple[Segments, ...]:
        """The pieces of it from segment number `first` to `last`."""
        return tuple(cut for piece in self.pieces if (cut := clipped(piece, first, last)) is not None)


@dataclass(frozen=True, slots=True)
class Gap:
    """Segments that a recovery would need and the archive lacks: one run a timeline, in order.

    `after_at` is when the last segment before it was archived, `before_at` when the first one after it; where known.
    """

    missing: tuple[Segments, ...]
    after_at: datetime | None
    before_at: datetime | None

    @property
    def first(self) -> int:
        return self.missing[0].first

    @property
    def last(self) -> int:
        return self.missing[-1].last

    @property
    def count(self) -> int:
        return sum(run.last - run.first + 1 for run in self.missing)

    def names(self, segment_size: int, most: int = 3) -> tuple[str, ...]:
        """The first `most` segments' names."""
        numbers = ((run.timeline, number) for run in self.missing for number in range(run.first, run.last + 1))
        return tuple(segment_name(*one, segment_size) for one, _ in zip(numbers, range(most), strict=False))


def newest_timeline(archive: ArchiveState) -> int | None:
    """The highest timeline of which the archive has a segment or a history file; None where it has nothing."""
    known = [run.timeline for run in archive.segments] + [history[-1].timeline for history in archive.histories]
    return max(known, default=None)


def lineage(archive: ArchiveState, timeline: int) -> tuple[Stretch, ...]:
    """Where that timeline comes from, the oldest first. Without its history file it stands alone, as for PostgreSQL."""
    alone = (Stretch(timeline, Lsn(0), None),)
    return next((history for history in archive.histories if history[-1].timeline == timeline), alone)


def spans(archive: ArchiveState, history: Sequence[Stretch]) -> tuple[Span, ...]:
    """What the archive has along a history, oldest first."""
    made: list[Span] = []
    for timeline, first, last in _bounds(history, archive.segment_size):
        runs = sorted((run for run in archive.segments if run.timeline == timeline), key=lambda run: run.first)
        for piece in (cut for run in runs if (cut := clipped(run, first, last)) is not None):
            if made and made[-1].last + 1 == piece.first:
                made[-1] = Span((*made[-1].pieces, piece))
            else:
                made.append(Span((piece,)))
    return tuple(made)


def gaps(found: Sequence[Span], history: Sequence[Stretch], segment_size: int, first: int) -> tuple[Gap, ...]:
    """What is missing from segment number `first` to the end of what the archive has, oldest first."""
    made: list[Gap] = []
    wanted, before = first, None
    for span in found:
        if span.first > wanted:
            missing = _split(history, segment_size, wanted, span.first - 1)
            made.append(Gap(missing, before, span.pieces[0].began_at))
        if span.last >= wanted:
            wanted = span.last + 1
        before = span.ended_at
    return tuple(made)


def clipped(run: Segments, first: int, last: int | None) -> Segments | None:
    """The part of a run within these numbers, without the times of the ends that were cut off; None: no part of it."""
    low, high = max(run.first, first), run.last if last is None else min(run.last, last)
    if low > high:
        return None
    began_at = run.began_at if low == run.first else None
    return replace(run, first=low, last=high, began_at=began_at, ended_at=run.ended_at if high == run.last else None)


def _bounds(history: Sequence[Stretch], segment_size: int) -> Iterator[tuple[int, int, int | None]]:
    """Timeline, first and last segment number of each stretch; the last one is open."""
    for stretch in history:
        last = None if stretch.end is None else segment_number(stretch.end, segment_size) - 1
        first = segment_number(stretch.begin, segment_size)
        if last is None or last >= first:
            yield stretch.timeline, first, last


def _split(history: Sequence[Stretch], segment_size: int, first: int, last: int) -> tuple[Segments, ...]:
    runs = (
        clipped(Segments(timeline, first, last), low, high) for timeline, low, high in _bounds(history, segment_size)
    )
    return tuple(run for run in runs if run is not None)
