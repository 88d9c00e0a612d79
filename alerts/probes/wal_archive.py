"""The primary's WAL archive: does the archive command work, and does it keep up."""

from alerts.observation import Look, Observation, Unit, yes
from ledger.quantities import bytes_text, seconds_text
from servers.backups.archive import parse_segment_name, segment_start
from servers.state import Archiver, Role, ServerState

ARCHIVE_FAILING = "archive_failing"
ARCHIVE_BEHIND = "archive_behind"
ARCHIVE_UNFINISHED = "archive_unfinished"

# An idle server writes a little now and then (running transactions, checkpoints) that nobody would miss.
_WORTH_ARCHIVING = 64 * 1024


def wal_archive(look: Look) -> tuple[Observation, ...]:
    """`archive_failing` (yes or no), `archive_behind` (seconds that the oldest finished segment has waited) and
    `archive_unfinished` (seconds since the last segment was archived, where more was written since; else 0).

    A standby archives nothing: for it, both are known to be well, so that an alert ends when its server is one.
    """
    return tuple(seen for server in look.state.servers for seen in _of(look, server))


def _of(look: Look, server: ServerState) -> tuple[Observation, ...]:
    failing, behind, evidence = _judge(look, server)
    unfinished, lines = _unfinished(server)
    return (
        Observation(ARCHIVE_UNFINISHED, server.name, unfinished, Unit.SECONDS, lines, server.name),
        Observation(ARCHIVE_FAILING, server.name, yes(failing), Unit.YES_OR_NO, evidence, server.name),
        Observation(ARCHIVE_BEHIND, server.name, behind, Unit.SECONDS, evidence, server.name),
    )


def _judge(look: Look, server: ServerState) -> tuple[bool | None, float | None, tuple[str, ...]]:
    if server.role is Role.STANDBY:
        return False, 0.0, (f"{server.name} is a standby",)
    archiver = server.sql.archiver if server.sql is not None else None
    if archiver is None:
        return None, None, ()
    if archiver.mode == "off":
        wanted = look.cluster.backups is not None and look.cluster.backups.archives
        return wanted, 0.0, ("archive_mode is off" + (", though the settings name a WAL archive" if wanted else ""),)
    return _failing(archiver), archiver.oldest_ready_age_seconds, _evidence(archiver)


def _unfinished(server: ServerState) -> tuple[float | None, tuple[str, ...]]:
    """A segment that is not full is not archived: without archive_timeout, what a quiet server wrote in the last hours
    is nowhere but on itself and its standbys."""
    if server.role is Role.STANDBY:
        return 0.0, ()
    sql = server.sql
    archiver = sql.archiver if sql is not None else None
    if sql is None or archiver is None or sql.wal_lsn is None:
        return None, ()
    age, name = archiver.last_archived_age_seconds, archiver.last_archived_wal
    if archiver.mode == "off" or age is None or name is None:
        return (0.0 if archiver.mode == "off" else None), ()
    try:
        _, number = parse_segment_name(name, sql.wal_segment_size)
    except ValueError:  # a history file, or a backup's
        return None, ()
    written = sql.wal_lsn - segment_start(number + 1, sql.wal_segment_size)
    if written <= _WORTH_ARCHIVING:
        return 0.0, ()
    line = f"{bytes_text(written)} were written since {name} was archived {seconds_text(age)} ago: set archive_timeout"
    return age, (line,)


def _failing(archiver: Archiver) -> bool:
    """The last failure is newer than the last success (pg_stat_archiver has one of each)."""
    failed, archived = archiver.last_failed_age_seconds, archiver.last_archived_age_seconds
    return failed is not None and (archived is None or failed < archived)


def _evidence(archiver: Archiver) -> tuple[str, ...]:
    lines = []
    if archiver.last_failed_age_seconds is not None:
        lines.append(
            f"the archive command last failed {seconds_text(archiver.last_failed_age_seconds)} ago, "
            f"on {archiver.last_failed_wal} ({archiver.failed_count} failures in all)"
        )
    if archiver.last_archived_age_seconds is not None:
        lines.append(
            f"{archiver.last_archived_wal} was archived {seconds_text(archiver.last_archived_age_seconds)} ago"
        )
    else:
        lines.append("nothing has been archived yet")
    if archiver.oldest_ready_age_seconds is not None and archiver.oldest_ready_age_seconds > 0:
        lines.append(f"the oldest finished segment has waited {seconds_text(archiver.oldest_ready_age_seconds)}")
    return tuple(lines)
