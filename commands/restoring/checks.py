"""What is looked at before anything is restored. Pure: the same look gives the same checks."""

from datetime import datetime, timedelta

from commands.plan import Check
from commands.promotion.pair import failed, judged, passed, warned
from commands.restoring.seen import VERIFIED_WITHIN, Seen
from ledger.quantities import bytes_text, count_text, seconds_text
from servers.backups.archive import segment_name

LEAST_MEMORY = 512 * 2**20
MARGIN = 1.1  # of what is copied: what recovery writes besides


def instance_checks(seen: Seen, now: datetime) -> tuple[Check, ...]:
    """What every restore needs: a backup, its WAL, and a host that can run it."""
    return (
        _host(seen),
        _backup(seen, now),
        _wal(seen),
        _verified(seen, now),
        _decrypts(seen),
        _version(seen),
        _libraries(seen),
        _room(seen),
        _port(seen),
        _memory(seen),
    )


def _host(seen: Seen) -> Check:
    title = f"The host of {seen.host.name} can take a restore"
    if seen.room is None:
        return failed("host", title, seen.problems.get("host", "not asked"))
    return failed("host", title, seen.room.obstacle) if seen.room.obstacle else passed("host", title, "it answers")


def _backup(seen: Seen, now: datetime) -> Check:
    title = "A complete base backup before the target"
    one = seen.serving.backup
    chain = f", on {len(seen.serving.chain) - 1} before it" if len(seen.serving.chain) > 1 else ""
    finished = seconds_text(max(now - one.finished_at, timedelta())) if one.finished_at else "not known when"
    return passed("backup", title, f"{one.name} ({one.kind}{chain}), ended {finished} ago, {bytes_text(one.size)}")


def _wal(seen: Seen) -> Check:
    """The archive was looked at for this: a backup serves only where no segment is missing."""
    title = "Every WAL segment from it to the target is in the archive"
    runs, size = seen.serving.segments, seen.archive.segment_size
    if not seen.archive.answer.ok:
        return warned("wal", title, f"the archive is not known: {seen.archive.answer.how}")
    if not runs:
        return passed("wal", title, "the backup brings what it needs")
    first, last = runs[0], runs[-1]
    ends = f"{segment_name(first.timeline, first.first, size)} to {segment_name(last.timeline, last.last, size)}"
    return passed("wal", title, f"{count_text(seen.serving.segment_count, 'segment')}, {ends}, no gap")


def _verified(seen: Seen, now: datetime) -> Check:
    title = "The backup was read as a whole and agreed with its checksums"
    never = [one.name for one in seen.serving.chain if one.verified_at is None]
    if never:
        return warned("verified", title, f"{never[0]} was never verified")
    oldest = min(one.verified_at for one in seen.serving.chain if one.verified_at is not None)
    evidence = f"{seconds_text(max(now - oldest, timedelta()))} ago"
    return (
        passed("verified", title, evidence) if now - oldest <= VERIFIED_WITHIN else warned("verified", title, evidence)
    )


def _decrypts(seen: Seen) -> Check:
    title = f"It can be decrypted on {seen.host.name}"
    why = seen.undecryptable or seen.problems.get("decrypts")
    if why:
        return failed("decrypts", title, why)
    encrypted = any(one.encrypted for one in seen.serving.chain)
    return passed("decrypts", title, "tried there" if encrypted else "it is not encrypted")


def _version(seen: Seen) -> Check:
    title = f"PostgreSQL of the same major version on {seen.host.name}"
    there = seen.room.version if seen.room else ""
    if not there:
        return failed("version", title, "its programs were not found: is bin_directory right?")
    if seen.version is None:
        return warned("version", title, f"PostgreSQL {there} there; no server tells what the backup is of")
    evidence = f"PostgreSQL {there} there, {seen.version} in the cluster"
    return judged("version", title, there == str(seen.version), evidence, "Install that version there")


def _libraries(seen: Seen) -> Check:
    title = f"The libraries of its extensions are on {seen.host.name}"
    if seen.live is None:
        return warned("libraries", title, f"which are needed is not known: {seen.problems.get('live', 'nobody runs')}")
    missing = seen.room.missing if seen.room else ()
    evidence = f"{', '.join(missing[:5])} missing" if missing else count_text(len(seen.live.libraries), "library")
    return judged("libraries", title, not missing, evidence.replace("librarys", "libraries"), "Install them there")


def _room(seen: Seen) -> Check:
    title = f"Disk space on {seen.host.name} for data and WAL"
    if seen.room is None or seen.room.available is None:
        return failed("room", title, "not known")
    needed = round((seen.size + min(seen.wal_bytes, seen.size + 2**30)) * MARGIN)
    evidence = f"{bytes_text(seen.room.available)} free, about {bytes_text(needed)} needed; nothing is deleted for it"
    return judged("room", title, seen.room.available >= needed, evidence, "Make room, or name another server")


def _port(seen: Seen) -> Check:
    title = f"A free port on {seen.host.name}"
    port = seen.room.port if seen.room else None
    return passed("port", title, f"{port} for one") if port else failed("port", title, "none from 15432 to 15531")


def _memory(seen: Seen) -> Check:
    title = f"Memory on {seen.host.name}"
    free = seen.room.memory if seen.room else None
    if free is None:
        return warned("memory", title, "not known")
    evidence = f"{bytes_text(free)} available, it takes about 200 MB"
    return passed("memory", title, evidence) if free >= LEAST_MEMORY else warned("memory", title, evidence)
