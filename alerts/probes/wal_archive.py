"""The primary's WAL archive: does the archive command work, and does it keep up."""

from alerts.observation import Look, Observation, Unit, yes
from ledger.quantities import seconds_text
from servers.state import Archiver, Role, ServerState

ARCHIVE_FAILING = "archive_failing"
ARCHIVE_BEHIND = "archive_behind"


def wal_archive(look: Look) -> tuple[Observation, ...]:
    """`archive_failing` (yes or no) and `archive_behind` (seconds that the oldest finished segment has waited).

    A standby archives nothing: for it, both are known to be well, so that an alert ends when its server is one.
    """
    return tuple(seen for server in look.state.servers for seen in _of(look, server))


def _of(look: Look, server: ServerState) -> tuple[Observation, ...]:
    failing, behind, evidence = _judge(look, server)
    return (
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
