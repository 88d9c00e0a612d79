"""The copies off site of dumps and volumes: whether the newest is there, and whether they are what was copied."""

from datetime import datetime

from alerts.observation import Look, Observation, Unit
from ledger.quantities import seconds_text
from servers.backups.partial.place import Part
from servers.backups.partial.state import PartSeen
from servers.backups.partial.whereabouts import parts_of
from servers.state import OffsiteState

PARTIAL_OFFSITE_LATE = "partial_offsite_late"
PARTIAL_OFFSITE_DIFFERENCES = "partial_offsite_differences"


def partial_offsite(look: Look) -> tuple[Observation, ...]:
    """Of each dump and volume that is encrypted: `partial_offsite_late` (for how many seconds the newest complete one
    has waited to be off site, 0: it is) and `partial_offsite_differences` (files that are not as copied).

    Nothing where the settings name no place off site; unknown values where it, or a host, did not answer.
    """
    if look.cluster.backups is None or look.cluster.backups.offsite is None:
        return ()
    return tuple(
        observation
        for part in parts_of(look.cluster)
        if part.encryption is not None
        for observation in _observed(part, look.state.partial.of(part) if look.state.partial else None, look.state.at)
    )


def _observed(part: Part, seen: PartSeen | None, now: datetime) -> tuple[Observation, ...]:
    subject = f"{part.kind} {part.name}"
    there = seen.offsite if seen is not None and seen.offsite is not None and seen.offsite.answer.ok else None
    late, waits = (None, ()) if seen is None or there is None else _late(seen, there, now)
    differing = tuple(f"{one.name}: {line}" for one in there.backups for line in one.differences) if there else ()
    count = None if there is None else float(len(differing))
    return (
        Observation(PARTIAL_OFFSITE_LATE, subject, late, Unit.SECONDS, waits),
        Observation(PARTIAL_OFFSITE_DIFFERENCES, subject, count, Unit.COUNT, differing),
    )


def _late(seen: PartSeen, there: OffsiteState, now: datetime) -> tuple[float | None, tuple[str, ...]]:
    """Only the newest counts. Where a host did not answer, it may have a newer one."""
    newest = next((one for one in seen.backups if one.finished_at is not None and one.encrypted), None)
    if newest is None or newest.finished_at is None or newest.name in {one.name for one in there.backups}:
        return (0.0 if seen.answer.ok else None), ()
    waits = max(0.0, (now - newest.finished_at).total_seconds())
    return waits, (f"{newest.name} on {newest.place} ended {seconds_text(waits)} ago, and is not off site as a whole",)
