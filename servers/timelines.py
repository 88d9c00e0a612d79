"""Where two servers' histories part, from their timeline history files.

A history file has a line a timeline that its own came from: its number, the LSN up to which it counts, a reason.
https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES, and timeline.c of its source.
"""

from dataclasses import dataclass

from servers.lsn import Lsn, parse_lsn


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of the WAL that a timeline has in a history: from `begin` up to `end`, open for the one that is on."""

    timeline: int
    begin: Lsn
    end: Lsn | None


@dataclass(frozen=True, slots=True)
class Fork:
    """The last timeline that two servers share, and the LSN up to which they do; None: neither has left the other."""

    timeline: int
    lsn: Lsn | None


def read_history(timeline: int, text: str) -> tuple[Stretch, ...]:
    """The stretches of a timeline, the oldest first; `text` is its history file, '' for timeline 1. Raises ValueError.

    Lines that start with '#' and empty ones say nothing.
    """
    stretches: list[Stretch] = []
    begin = Lsn(0)
    for line in text.splitlines():
        words = line.split(maxsplit=2)
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 2:
            raise ValueError(f"a line of a timeline history file makes no sense: {line[:80]!r}")
        end = parse_lsn(words[1])
        stretches.append(Stretch(int(words[0]), begin, end))
        begin = end
    return (*stretches, Stretch(timeline, begin, None))


def fork_of(one: tuple[Stretch, ...], other: tuple[Stretch, ...]) -> Fork | None:
    """Where the two part; None when they have nothing in common. As pg_rewind's findCommonAncestorTimeline."""
    shared: Fork | None = None
    for mine, theirs in zip(one, other, strict=False):
        if (mine.timeline, mine.begin) != (theirs.timeline, theirs.begin):
            break
        ends = [end for end in (mine.end, theirs.end) if end is not None]
        shared = Fork(mine.timeline, min(ends, default=None))
    return shared
