"""The dumps of databases and the backups of volumes: how old the last good one is, and when one was last tried."""

import math
from datetime import datetime

from alerts.observation import Look, Observation, Unit
from ledger.quantities import bytes_text, seconds_text
from servers.backups.partial.place import Part
from servers.backups.partial.state import PartialBackup, PartSeen
from servers.backups.partial.whereabouts import parts_of

PARTIAL_AGE = "partial_backup_age"
PARTIAL_MAX_AGE = "partial_backup_max_age"
PARTIAL_FAILED = "partial_backup_failed"
PARTIAL_UNVERIFIED_FOR = "partial_backup_unverified"
PARTIAL_DOUBTFUL = "partial_backup_doubtful"


def partial_backups(look: Look) -> tuple[Observation, ...]:
    """Of each dump and volume of the settings: `partial_backup_age` (seconds since the newest complete one ended;
    infinite where there is none), `partial_backup_max_age` (what the settings allow), `partial_backup_failed` (whether
    a later one came to nothing), `partial_backup_unverified` (seconds since one was last verified; where none was,
    since the oldest one ended) and `partial_backup_doubtful` (whether the newest one failed its verification).

    Unknown where a host that may have them did not answer, unless what the others have is fresh enough anyhow.
    """
    return tuple(
        observation
        for part in parts_of(look.cluster)
        for observation in _observed(part, look.state.partial.of(part) if look.state.partial else None, look.state.at)
    )


def _observed(part: Part, seen: PartSeen | None, now: datetime) -> tuple[Observation, ...]:
    subject = f"{part.kind} {part.name}"
    age, evidence = (None, ()) if seen is None else _age(seen, now)
    if seen is not None and not seen.answer.ok and (age is None or age > part.max_age):
        age, evidence = None, ()
    failed = _failed(seen) if seen is not None and seen.answer.ok else None
    unverified, verified = (None, ()) if age is None or seen is None else _unverified(seen, now)
    doubtful = seen.newest if seen is not None and seen.newest is not None and seen.newest.doubtful else None
    return (
        Observation(PARTIAL_AGE, subject, age, Unit.SECONDS, evidence),
        Observation(PARTIAL_MAX_AGE, subject, part.max_age, Unit.SECONDS),
        Observation(
            PARTIAL_FAILED, subject, None if failed is None else float(bool(failed)), Unit.YES_OR_NO, failed or ()
        ),
        Observation(PARTIAL_UNVERIFIED_FOR, subject, unverified, Unit.SECONDS, verified),
        Observation(
            PARTIAL_DOUBTFUL,
            subject,
            None if age is None else float(doubtful is not None),
            Unit.YES_OR_NO,
            (f"the last verification of {doubtful.name} failed",) if doubtful else (),
        ),
    )


def _age(seen: PartSeen, now: datetime) -> tuple[float, tuple[str, ...]]:
    newest = seen.newest
    if newest is None or newest.finished_at is None:
        return math.inf, ("there is no complete one",)
    age = max(0.0, (now - newest.finished_at).total_seconds())
    line = f"the last complete one, {newest.name} ({bytes_text(newest.size)}, on {newest.place})"
    return age, (f"{line}, ended {seconds_text(age)} ago",)


def _failed(seen: PartSeen) -> tuple[str, ...]:
    """The later ones that broke off: names are moments, so that they sort as these do."""
    last_good = seen.newest.name if seen.newest is not None else ""
    later = [one for one in seen.backups if one.failed and one.name > last_good]
    return tuple(f"{one.name} on {one.place} broke off: its log is in {one.path}.understudy" for one in later[:3])


def _unverified(seen: PartSeen, now: datetime) -> tuple[float | None, tuple[str, ...]]:
    complete = [(one.finished_at, one) for one in seen.backups if one.finished_at is not None]
    if not complete:
        return None, ()
    verified = [(one.verified_at, one) for _, one in complete if one.verified_at is not None]
    if not verified:
        return _since(complete[-1][0], now), ("none is known to have been verified",)
    at, newest = max(verified, key=lambda one: one[0])
    return _since(at, now), (_line(newest, _since(at, now)),)


def _line(backup: PartialBackup, age: float) -> str:
    return f"{backup.name} was verified {seconds_text(age)} ago"


def _since(at: datetime, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds())
