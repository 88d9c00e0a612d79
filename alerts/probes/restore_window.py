"""To which moments one can restore: how far back without a gap, and how old the newest gap in the archive is."""

import math
from datetime import datetime

from alerts.observation import Look, Observation, Unit
from ledger.quantities import count_text, seconds_text
from servers.backups.archive import ArchiveState, parse_segment_name
from servers.backups.lineage import Gap
from servers.backups.window import RestoreWindow, restore_window
from servers.state import Archiver, Role

RESTORE_WINDOW = "restore_window"
ARCHIVE_GAP_AGE = "archive_gap_age"

# A segment that was archived so shortly before the listing may not have been in it yet.
_GRACE = 60.0


def restore_windows(look: Look) -> tuple[Observation, ...]:
    """`restore_window` (seconds that one can go back without a gap; 0 where nothing can be restored) and
    `archive_gap_age` (seconds since the newest gap in the archive ended; infinite where there is none).

    Nothing where no backup place is configured; unknown where backups or archive were not listed.
    """
    if look.cluster.backups is None:
        return ()
    backups, archive, name = look.state.backups, look.state.archive, look.cluster.name
    if backups is None or not backups.answer.ok or archive is None or not archive.answer.ok:
        return _observations(name, None, (), None, ())
    window = restore_window(backups, archive)
    reach, reach_evidence = _reach(window, look.state.at)
    lost = _lost(look, archive)
    if lost is not None:
        return _observations(name, reach, reach_evidence, 0.0, (lost,))
    age, age_evidence = _gap_age(window, look.state.at)
    return _observations(name, reach, reach_evidence, age, age_evidence)


def _observations(
    name: str, reach: float | None, reach_evidence: tuple[str, ...], age: float | None, age_evidence: tuple[str, ...]
) -> tuple[Observation, ...]:
    return (
        Observation(RESTORE_WINDOW, name, reach, Unit.SECONDS, reach_evidence),
        Observation(ARCHIVE_GAP_AGE, name, age, Unit.SECONDS, age_evidence),
    )


def _reach(window: RestoreWindow, now: datetime) -> tuple[float, tuple[str, ...]]:
    if not window.windows:
        whys = tuple(f"{one.backup.name}: {one.why}" for one in window.unusable[:3])
        return 0.0, ("there is no backup that could be restored", *whys)
    newest = window.windows[-1]
    back = max(0.0, (now - newest.begin_at).total_seconds())
    until = f"{newest.end_at:%Y-%m-%d %H:%M} UTC" if newest.end_at else "the last archived WAL"
    return back, (f"any moment from {newest.begin_at:%Y-%m-%d %H:%M} UTC to {until}",)


def _gap_age(window: RestoreWindow, now: datetime) -> tuple[float, tuple[str, ...]]:
    """A gap of which nobody knows when it was counts as one of now."""
    if not window.gaps:
        return math.inf, ()
    newest = window.gaps[-1]
    age = max(0.0, (now - newest.before_at).total_seconds()) if newest.before_at else 0.0
    return age, tuple(_line(gap, window.segment_size) for gap in window.gaps[-3:])


def _line(gap: Gap, segment_size: int) -> str:
    names = ", ".join(gap.names(segment_size))
    more = f" and {gap.count - 3} more" if gap.count > 3 else ""
    after = f" after {gap.after_at:%Y-%m-%d %H:%M} UTC" if gap.after_at else ""
    before = f" before {gap.before_at:%Y-%m-%d %H:%M} UTC" if gap.before_at else ""
    return f"{count_text(gap.count, 'segment')} missing ({names}{more}){after}{before}"


def _lost(look: Look, archive: ArchiveState) -> str | None:
    """What the primary says it archived, and the archive has neither, nor anything after it."""
    archiver = _archiver(look)
    if archiver is None or archiver.last_archived_wal is None or archiver.last_archived_age_seconds is None:
        return None
    listing_age = (look.state.at - archive.answer.at).total_seconds()
    if archiver.last_archived_age_seconds < listing_age + _GRACE:
        return None
    try:
        timeline, number = parse_segment_name(archiver.last_archived_wal, archive.segment_size)
    except ValueError:  # a history file, or the one of a backup
        return None
    if archive.has(timeline, number):
        return None
    ago = seconds_text(archiver.last_archived_age_seconds)
    return f"{archiver.last_archived_wal} was archived {ago} ago, as the primary says, and is not in the archive"


def _archiver(look: Look) -> Archiver | None:
    primaries = [server for server in look.state.servers if server.role is Role.PRIMARY and server.sql is not None]
    return primaries[0].sql.archiver if len(primaries) == 1 and primaries[0].sql else None
