"""Which backup serves a recovery target and which WAL that needs, or the nearest moments that are possible. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from servers.backups.archive import Segments, segment_number
from servers.backups.lineage import Gap
from servers.backups.target import Target, TargetKind
from servers.backups.window import Reach, RestoreWindow, Window
from servers.lsn import Lsn, format_lsn
from servers.state import BaseBackup


@dataclass(frozen=True, slots=True)
class Serving:
    """What a restore lays out (`chain`, the full backup first, `backup` last) and which segments it then replays.

    `exact` is False where it may end before the last of them: a time lies somewhere within a run of segments.
    """

    backup: BaseBackup
    chain: tuple[BaseBackup, ...]
    segments: tuple[Segments, ...]
    exact: bool

    @property
    def segment_count(self) -> int:
        return sum(run.last - run.first + 1 for run in self.segments)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that can be restored."""

    at: datetime | None
    lsn: Lsn


@dataclass(frozen=True, slots=True)
class NotServed:
    """Why a target cannot be reached, the nearest moments before and after it that can, and the gaps in between."""

    why: str
    before: Moment | None = None
    after: Moment | None = None
    gaps: tuple[Gap, ...] = ()

    @property
    def ends_before(self) -> bool:
        """All that can be restored lies before the target."""
        return self.before is not None and self.after is None


def serve(window: RestoreWindow, target: Target, backup: str | None = None) -> Serving | NotServed:
    """The newest backup from which the target can be reached; from the one of that name where one is named."""
    reaches = tuple(one for one in window.reaches if backup is None or one.backup.name == backup)
    if not reaches:
        return _none_usable(window, backup)
    match target.kind:
        case TargetKind.TIME:
            return _by_time(window, reaches, target.at)
        case TargetKind.LSN:
            return _by_lsn(window, reaches, target.lsn)
        case TargetKind.IMMEDIATE:
            return _immediately(reaches[0], window.segment_size)
        case TargetKind.LATEST:
            return _serving(max(reaches, key=lambda one: (one.until_lsn, one.from_lsn)), None)
        case TargetKind.NAME | TargetKind.XID:
            # Where it lies nobody knows before it is replayed: from the oldest backup of the newest window.
            furthest = max(one.until_lsn for one in reaches)
            return _serving(min((r for r in reaches if r.until_lsn == furthest), key=_begin), None, exact=False)


def _by_time(window: RestoreWindow, reaches: tuple[Reach, ...], at: datetime | None) -> Serving | NotServed:
    if at is None:
        raise ValueError("a time target without a time")
    for reach in reaches:
        if reach.from_at <= at and reach.until_at is not None and at <= reach.until_at:
            return _serving(reach, _segment_at(reach, at), exact=False)
    if any(reach.from_at <= at and reach.until_at is None for reach in reaches):
        return NotServed("when the last archived segment was written is not known: name an LSN, or latest")
    return _nearest(window, f"{at:%Y-%m-%d %H:%M:%S} UTC", lambda one: one.begin_at > at)


def _by_lsn(window: RestoreWindow, reaches: tuple[Reach, ...], lsn: Lsn | None) -> Serving | NotServed:
    if lsn is None:
        raise ValueError("an LSN target without an LSN")
    for reach in reaches:
        if reach.from_lsn <= lsn < reach.until_lsn or lsn == reach.from_lsn:
            number = segment_number(lsn, window.segment_size) if reach.span else reach.first_segment - 1
            return _serving(reach, number)
    return _nearest(window, format_lsn(lsn), lambda one: one.begin_lsn > lsn)


def _serving(reach: Reach, last: int | None, *, exact: bool = True) -> Serving:
    span = reach.span
    segments = () if span is None else span.part(reach.first_segment, span.last if last is None else last)
    return Serving(reach.backup, reach.chain, segments, exact)


def _immediately(reach: Reach, segment_size: int) -> Serving:
    if reach.backup.has_wal:
        return Serving(reach.backup, reach.chain, (), True)
    return _serving(reach, segment_number(Lsn(max(reach.from_lsn - 1, 0)), segment_size))


def _segment_at(reach: Reach, at: datetime) -> int | None:
    """A segment that is certainly not before that moment; None: the last one."""
    pieces = reach.span.pieces if reach.span else ()
    return next((piece.last for piece in pieces if piece.ended_at is not None and piece.ended_at >= at), None)


def _nearest(window: RestoreWindow, wanted: str, is_after: Callable[[Window], bool]) -> NotServed:
    later = [one for one in window.windows if is_after(one)]
    sooner = [one for one in window.windows if not is_after(one)]
    before = Moment(sooner[-1].end_at, sooner[-1].end_lsn) if sooner else None
    after = Moment(later[0].begin_at, later[0].begin_lsn) if later else None
    if before is None:
        return NotServed(f"{wanted} is before the end of the oldest usable backup", None, after)
    if after is None:
        return NotServed(f"{wanted} is after the last archived WAL", before, None)
    between = tuple(gap for gap in window.gaps if _lies_between(gap, before, after, window.segment_size))
    return NotServed(f"{wanted} lies in a gap of the archive", before, after, between)


def _lies_between(gap: Gap, before: Moment, after: Moment, size: int) -> bool:
    return segment_number(before.lsn, size) <= gap.last and gap.first <= segment_number(after.lsn, size)


def _none_usable(window: RestoreWindow, backup: str | None) -> NotServed:
    if not window.answer.ok and not window.reaches:
        return NotServed(f"what can be restored is not known: {window.answer.how}")
    if backup is None:
        return NotServed("there is no usable backup")
    why = next((one.why for one in window.unusable if one.backup.name == backup), "there is none of that name")
    return NotServed(f"{backup} cannot be used: {why}")


def _begin(reach: Reach) -> Lsn:
    return reach.from_lsn
