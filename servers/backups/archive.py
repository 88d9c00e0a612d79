"""The WAL archive as it is: runs of segments without a gap, on each timeline, and the history files. Pure values.

Segment names: https://www.postgresql.org/docs/current/continuous-archiving.html, and XLogFileName in
src/include/access/xlog_internal.h: timeline, then the two halves of the segment's number, eight digits each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from servers.lsn import Lsn
from servers.state import Answer
from servers.timelines import Stretch

DEFAULT_SEGMENT_SIZE = 16 * 2**20
_HALF = 2**32


@dataclass(frozen=True, slots=True)
class Segments:
    """A run of archived segments without a gap: on one timeline, from number `first` to `last`, both in it.

    `began_at` and `ended_at` are when the first and the last of them were archived, where that is known.
    """

    timeline: int
    first: int
    last: int
    began_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """What the archive has, oldest first, or why nothing is known of it.

    `histories` has what each timeline history file there says (`servers.timelines.read_history`), the timeline that the
    file is of being its last stretch: without it nobody can tell where the timeline left its parent.
    """

    answer: Answer
    segments: tuple[Segments, ...] = ()
    histories: tuple[tuple[Stretch, ...], ...] = ()
    segment_size: int = DEFAULT_SEGMENT_SIZE

    def has(self, timeline: int, number: int) -> bool:
        return any(run.timeline == timeline and run.first <= number <= run.last for run in self.segments)


def segment_number(lsn: Lsn, segment_size: int = DEFAULT_SEGMENT_SIZE) -> int:
    """The number of the segment that has the byte at `lsn`."""
    return lsn // segment_size


def segment_start(number: int, segment_size: int = DEFAULT_SEGMENT_SIZE) -> Lsn:
    """The position of a segment's first byte."""
    return Lsn(number * segment_size)


def segment_name(timeline: int, number: int, segment_size: int = DEFAULT_SEGMENT_SIZE) -> str:
    """The name of a segment's file, 24 hexadecimal digits."""
    halves = _HALF // segment_size
    return f"{timeline:08X}{number // halves:08X}{number % halves:08X}"


def parse_segment_name(name: str, segment_size: int = DEFAULT_SEGMENT_SIZE) -> tuple[int, int]:
    """Timeline and number of a segment. ValueError where it is no segment's name."""
    digits = name[:24]
    if len(digits) != 24 or not all(digit in "0123456789ABCDEF" for digit in digits):
        raise ValueError(f"not the name of a WAL segment: {name[:40]}")
    halves = _HALF // segment_size
    return int(digits[:8], 16), int(digits[8:16], 16) * halves + int(digits[16:], 16)


def runs(found: Iterable[tuple[int, int, datetime | None]]) -> tuple[Segments, ...]:
    """Timeline, number and time of each segment, in any order, as runs without a gap; oldest first."""
    made: list[Segments] = []
    for timeline, number, at in sorted(found, key=lambda one: (one[0], one[1])):
        last = made[-1] if made else None
        if last is not None and last.timeline == timeline and number <= last.last + 1:
            made[-1] = Segments(timeline, last.first, max(number, last.last), last.began_at, at or last.ended_at)
        else:
            made.append(Segments(timeline, number, number, at, at))
    return tuple(made)


def joined(found: Iterable[Segments]) -> tuple[Segments, ...]:
    """Runs in any order, which may overlap or touch, as runs without a gap between their segments; oldest first."""
    made: list[Segments] = []
    for run in sorted(found, key=lambda one: (one.timeline, one.first, one.last)):
        before = made[-1] if made else None
        if before is None or before.timeline != run.timeline or run.first > before.last + 1:
            made.append(run)
        elif run.last > before.last:
            made[-1] = Segments(run.timeline, before.first, run.last, before.began_at, run.ended_at or before.ended_at)
    return tuple(made)
