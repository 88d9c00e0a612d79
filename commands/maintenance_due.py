"""Begins the maintenance whose time has come: what people have planned, and the hours of the settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from commands.maintenance import begin_now
from commands.maintenance_plans import has_begun
from commands.records import record_own
from commands.world import World
from ledger.audit import AuditKind
from ledger.maintenance import last_maintenance, open_maintenance
from ledger.planned_maintenance import PlannedMaintenance, maintenance_ahead
from ledger.who import Who

SETTINGS = Who("settings:maintenance", "the settings")


@dataclass(frozen=True, slots=True)
class Due:
    """One that is to begin now. `planned` is what people had put down; without it, it is of the settings."""

    cluster: str
    by: Who
    reason: str
    until: datetime
    planned: PlannedMaintenance | None = None


def due(db: Database, world: World, now: datetime) -> list[Due]:
    """What is to begin now, or was to begin while nobody was there."""
    return [*_planned(db, world, now), *_by_settings(db, world, now)]


def begin_due(db: Database, world: World, now: datetime) -> int:
    """Begins it, with an audit record each; how many there were. One that is on, and lasts longer, stays."""
    found = due(db, world, now)
    for one in found:
        if one.planned is not None:
            has_begun(db, one.planned, now)
        standing = open_maintenance(db, one.cluster)
        if one.until <= now or (standing is not None and standing.until >= one.until):
            continue
        cluster = world.clusters[one.cluster]
        details = {"reason": one.reason, "until": one.until, "planned by": one.by.name}
        record_own(db, now, AuditKind.MAINTENANCE_BEGUN, one.cluster, cluster.channel, details)
        begin_now(db, cluster, one.by, one.reason, one.until, now)
    return len(found)


def _planned(db: Database, world: World, now: datetime) -> Iterator[Due]:
    for planned in maintenance_ahead(db):
        if planned.since <= now and planned.cluster in world.clusters:
            yield Due(planned.cluster, planned.by, planned.reason, planned.until, planned)


def _by_settings(db: Database, world: World, now: datetime) -> Iterator[Due]:
    """One that somebody has ended before its time does not begin anew in the same hours."""
    for cluster, windows in world.maintenance_windows.items():
        for one in windows:
            if not one.window.contains(now):
                continue
            until, last = one.window.ends_after(now), last_maintenance(db, cluster)
            known = last is not None and (last.until == until or last.ended_at is None)
            if not known:
                yield Due(cluster, SETTINGS, one.reason, until)
