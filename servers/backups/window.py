"""To which moments one can restore now: from the backups and the archive, with every gap. Pure.

A moment is possible from the end of a usable backup (before that its data are not consistent) for as long as the
archive has every segment after it. A segment's time is when it was archived: no commit in it is later, but its last
commit may be earlier. PostgreSQL ends with an error where a time target is after the last commit that it can replay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from servers.backups.archive import ArchiveState, segment_name, segment_number, segment_start
from servers.backups.lineage import Gap, Span, gaps, lineage, newest_timeline, spans
from servers.lsn import Lsn
from servers.state import Answer, BackupState, BaseBackup
from servers.timelines import Stretch


@dataclass(frozen=True, slots=True)
class Reach:
    """A usable backup and how far one gets from it: up to `until_lsn` (the first byte that is missing).

    `chain` is what a restore of it lays out: the full backup first, then what builds on it. `span` is the archived WAL
    that it goes on with; None: nothing but its own end is possible. `until_at` None: not known.
    """

    backup: BaseBackup
    chain: tuple[BaseBackup, ...]
    from_at: datetime
    from_lsn: Lsn
    first_segment: int  # that the archive must have
    span: Span | None
    until_lsn: Lsn
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unusable:
    """A backup that no restore can use now, and why, in one line."""

    backup: BaseBackup
    why: str


@dataclass(frozen=True, slots=True)
class Window:
    """Moments without a gap: from the end of its oldest backup to the last archived segment.

    `end_lsn` is the first byte after them; `end_at` None: not known.
    """

    begin_at: datetime
    begin_lsn: Lsn
    end_at: datetime | None
    end_lsn: Lsn
    backups: tuple[BaseBackup, ...]  # oldest first


@dataclass(frozen=True, slots=True)
class RestoreWindow:
    """What can be restored now. `answer` says why it is not known, or not all of it.

    `reaches` are the usable backups, newest first; `windows` and `gaps` oldest first. `timeline` is the one whose
    history all of this lies on.
    """

    answer: Answer
    timeline: int | None = None
    windows: tuple[Window, ...] = ()
    gaps: tuple[Gap, ...] = ()
    reaches: tuple[Reach, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    segment_size: int = 0
    history: tuple[Stretch, ...] = field(default=(), repr=False)


def restore_window(backups: BackupState, archive: ArchiveState, timeline: int | None = None) -> RestoreWindow:
    """The moments on that timeline's history; on the newest one of the archive where none is named.

    Where the archive is not known, only the ends of backups that bring their own WAL are certain.
    """
    if not backups.answer.ok:
        return RestoreWindow(backups.answer)
    size = archive.segment_size
    chosen = timeline or newest_timeline(archive) or max((one.timeline or 0 for one in backups.backups), default=0)
    history = lineage(archive, chosen)
    found = spans(archive, history) if archive.answer.ok else ()
    judged = [_judge(backup, backups.backups, history, found, archive) for backup in backups.backups]
    reaches = sorted((one for one in judged if isinstance(one, Reach)), key=lambda one: one.from_lsn, reverse=True)
    unusable = tuple(one for one in judged if isinstance(one, Unusable))
    oldest = min((_first_needed(one.backup, size) for one in judged if _on(history, one.backup)), default=None)
    return RestoreWindow(
        answer=archive.answer,
        timeline=chosen or None,
        windows=_windows(reaches),
        gaps=gaps(found, history, size, oldest) if oldest is not None else (),
        reaches=tuple(reaches),
        unusable=unusable,
        segment_size=size,
        history=history,
    )


def _windows(reaches: Iterable[Reach]) -> tuple[Window, ...]:
    made: list[Window] = []
    for reach in sorted(reaches, key=lambda one: one.from_lsn):
        last = made[-1] if made else None
        if last is not None and reach.from_lsn <= last.end_lsn:
            end_at = _later(last.end_at, reach.until_at)
            end_lsn = max(last.end_lsn, reach.until_lsn)
            made[-1] = Window(last.begin_at, last.begin_lsn, end_at, end_lsn, (*last.backups, reach.backup))
        else:
            made.append(Window(reach.from_at, reach.from_lsn, reach.until_at, reach.until_lsn, (reach.backup,)))
    return tuple(made)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later one; where the end of either is not known, that of both is not."""
    return None if one is None or other is None else max(one, other)


def _judge(
    backup: BaseBackup,
    others: Sequence[BaseBackup],
    history: Sequence[Stretch],
    found: Sequence[Span],
    archive: ArchiveState,
) -> Reach | Unusable:
    chain = _chain(backup, {(one.repository, one.name): one for one in others})
    if isinstance(chain, str):
        return Unusable(backup, chain)
    if backup.finished_at is None or backup.start_lsn is None or backup.end_lsn is None:
        return Unusable(backup, "where its WAL begins or ends is not known")
    if not _on(history, backup):
        timeline = backup.timeline if backup.timeline is not None else "unknown"
        return Unusable(
            backup, f"it is on timeline {timeline}, which timeline {history[-1].timeline} does not continue"
        )
    size = archive.segment_size
    first, last = _first_needed(backup, size), segment_number(Lsn(max(backup.end_lsn - 1, 0)), size)
    span = next((one for one in found if one.first <= first <= one.last), None)
    if not backup.has_wal and (span is None or span.last < last):
        if not archive.answer.ok:
            return Unusable(backup, "whether the archive has its WAL is not known")
        return Unusable(backup, f"the archive lacks WAL that it needs, from {_missing(span, first, history, size)} on")
    until = backup.end_lsn if span is None else segment_start(span.last + 1, size)
    until_at = backup.finished_at if span is None else span.ended_at
    if until_at is not None:
        until_at = max(until_at, backup.finished_at)
    return Reach(backup, chain, backup.finished_at, backup.end_lsn, first, span, until, until_at)


def _missing(span: Span | None, first: int, history: Sequence[Stretch], size: int) -> str:
    number = first if span is None else span.last + 1
    here = [stretch.timeline for stretch in history if segment_number(stretch.begin, size) <= number]
    return segment_name(here[-1] if here else history[0].timeline, number, size)


def _first_needed(backup: BaseBackup, size: int) -> int:
    """The first segment that the archive must have. One that brings its own WAL needs none before its end."""
    start = backup.end_lsn if backup.has_wal else backup.start_lsn
    return segment_number(start or Lsn(0), size)


def _on(history: Sequence[Stretch], backup: BaseBackup) -> bool:
    """Complete, and wholly on the history: one that went on after its timeline was left is of another past."""
    if backup.finished_at is None or backup.start_lsn is None or backup.end_lsn is None:
        return False
    stretch = next((one for one in history if one.timeline == backup.timeline), None)
    return stretch is not None and (stretch.end is None or backup.end_lsn <= stretch.end)


def _chain(backup: BaseBackup, known: Mapping[tuple[str, str], BaseBackup]) -> tuple[BaseBackup, ...] | str:
    """What it builds on, the full one first, and itself; or why it cannot be laid out."""
    chain = [backup]
    while True:
        first = chain[0]
        if first.finished_at is None:
            return "it is not complete" if first is backup else f"it builds on {first.name}, which is not complete"
        if first.kind == "full":
            return tuple(chain)
        base = known.get((first.repository, first.based_on or ""))
        if base is None:
            return f"it builds on {first.based_on or 'another one'}, which is not there"
        if base in chain:
            return f"{first.name} and {base.name} claim to build on each other"
        chain.insert(0, base)
