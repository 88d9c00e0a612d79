"""What is looked at before a base backup is taken. Pure."""

from dataclasses import dataclass
from datetime import datetime

from commands.backing_up.history import latest, typical_rate
from commands.backing_up.source import Source
from commands.plan import Check
from commands.promotion.pair import failed, judged, passed, warned
from ledger.quantities import bytes_text, count_text, seconds_text
from servers.backups.wanted import BackupKind
from servers.engines.upkeep import InUse
from servers.inventory import Cluster
from servers.state import BackupState, ClusterState, Role

_MARGIN = 1.2  # of what the last one took: a database grows, and its WAL comes with it


@dataclass(frozen=True, slots=True)
class ToBackUp:
    """What was seen of the cluster, its backups and the source. `size` and `in_use` are None where not known."""

    cluster: Cluster
    state: ClusterState
    source: Source
    kind: BackupKind
    tool: str
    kinds: tuple[BackupKind, ...]  # that the tool can take
    backups: BackupState
    size: int | None
    in_use: InUse | None
    now: datetime

    @property
    def expected(self) -> int | None:
        """Bytes that it will take where it lies, from the last one of its kind; else the size of the database."""
        last = latest(self.backups, self.kind)
        return last.size if last is not None and last.size else self.size


def checks_of(seen: ToBackUp) -> tuple[Check, ...]:
    return (
        seen.source.check,
        _tool_answers(seen),
        _archive_works(seen),
        *_base(seen),
        _room(seen),
        _alone(seen),
        *_duration(seen),
    )


def _tool_answers(seen: ToBackUp) -> Check:
    title, answer = "The backup tool answers", seen.backups.answer
    evidence = f"{seen.tool}: {count_text(len(seen.backups.backups), 'backup')} listed" if answer.ok else answer.how
    return judged("tool", title, answer.ok, evidence, "Try each way: understudy check")


def _archive_works(seen: ToBackUp) -> Check:
    """Without the WAL up to its end a backup is not consistent: a failing archive makes it worth little."""
    title = "The WAL archive works"
    primaries = [server for server in seen.state.servers if server.role is Role.PRIMARY and server.sql is not None]
    archiver = primaries[0].sql.archiver if len(primaries) == 1 and primaries[0].sql else None
    if archiver is None:
        return warned("archive", title, "not known: no primary tells")
    if archiver.mode == "off":
        return warned("archive", title, "archive_mode is off: only the end of the backup can be restored")
    failed_at, archived_at = archiver.last_failed_age_seconds, archiver.last_archived_age_seconds
    if failed_at is not None and (archived_at is None or failed_at < archived_at):
        evidence = f"the last try failed {seconds_text(failed_at)} ago, on {archiver.last_failed_wal}"
        return failed("archive", title, f"{evidence}. Mend archive_command first: see the primary's log")
    if archived_at is None:
        return warned("archive", title, "nothing has been archived yet")
    return passed("archive", title, f"the last segment was archived {seconds_text(archived_at)} ago")


def _base(seen: ToBackUp) -> tuple[Check, ...]:
    """What a differential or incremental one builds on."""
    if seen.kind not in seen.kinds:
        able = " and ".join(seen.kinds)
        return (
            failed("kind", f"{seen.tool} takes {seen.kind} backups", f"it takes {able} only. Ask for one of these"),
        )
    if seen.kind is BackupKind.FULL:
        return ()
    title = "A backup to build on"
    full = latest(seen.backups, BackupKind.FULL)
    if full is None or full.finished_at is None:
        return (failed("base", title, "there is no complete full one. Take that first: /ha backup full"),)
    age = seconds_text(max((seen.now - full.finished_at).total_seconds(), 0.0))
    return (passed("base", title, f"{full.name}, {age} old"),)


def _room(seen: ToBackUp) -> Check:
    title = "Disk space where the backups lie"
    expected, disks = seen.expected, seen.backups.disks
    if not disks:
        return warned("room", title, "not known: the tool does not tell")
    disk = min(disks, key=lambda one: one.available)
    free = f"{bytes_text(disk.available)} free on {disk.mount}"
    if expected is None:
        return warned("room", title, f"{free}; how much it will take is not known")
    needs = f"{free}, about {bytes_text(expected)} to be written"
    if disk.available < expected:
        return failed("room", title, f"{needs}. Make room first, or let old backups expire")
    if disk.available < expected * _MARGIN:
        return warned("room", title, needs)
    return passed("room", title, needs)


def _alone(seen: ToBackUp) -> Check:
    """One that runs unseen by us (a timer's) shows as a base backup on the source, or as one that is not complete."""
    title = "No other backup runs"
    if seen.in_use is not None and seen.in_use.base_backups:
        count = count_text(seen.in_use.base_backups, "base backup")
        return failed("alone", title, f"{count} is being read from {seen.source.server}. Wait for its end")
    newest = next(iter(seen.backups.backups), None)
    if newest is not None and newest.finished_at is None:
        return warned("alone", title, f"{newest.name} is not complete: it may be running, or has failed")
    if seen.in_use is None:
        return warned("alone", title, f"not known: {seen.source.server} does not tell")
    return passed("alone", title, "none is seen")


def _duration(seen: ToBackUp) -> tuple[Check, ...]:
    rate, expected = typical_rate(seen.backups, seen.kind), seen.expected
    if rate is None or expected is None:
        return ()
    evidence = f"about {seconds_text(expected / rate)}, at {bytes_text(rate)} a second as the last ones"
    return (passed("duration", "How long it takes", evidence),)
