"""Reads what stands around the alerts of a cluster; within the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from alerts.routes import Route, channels_of
from alerts.storms import MINUTE, Weather, weather
from alerts.surroundings import NOTHING_AROUND, Surroundings
from alerts.thresholds import Thresholds
from ledger import locks
from ledger.alerts import new_alert_id
from ledger.maintenance import in_maintenance
from ledger.operations import FINISHED, OperationState, get, list_operations
from ledger.silences import silences
from ledger.storms import begun_since, new_storm_id, open_storm
from servers.inventory import Cluster

# Servers and views settle after an operation has ended; what it caused is not news within this time.
SETTLING = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What must be known before changes are recorded: what stands around the cluster, and free ids for alerts."""

    around: Surroundings = NOTHING_AROUND
    ids: tuple[str, ...] = ()


def prepare(
    db: Database, cluster: Cluster, routes: Sequence[Route], now: datetime, limits: Thresholds, ids: int
) -> Prepared:
    """Looks around, and finds `ids` free alert ids. `limits` say what is a storm."""
    minted: dict[str, None] = {}
    while len(minted) < ids:
        minted[new_alert_id(db)] = None
    return Prepared(look_around(db, cluster, routes, now, limits), tuple(minted))


def look_around(
    db: Database, cluster: Cluster, routes: Sequence[Route], now: datetime, limits: Thresholds
) -> Surroundings:
    return Surroundings(
        operation=_operation(db, cluster.name, now),
        at_work=in_maintenance(db, cluster.name, now) is not None,
        silences=tuple(silences(db, now)),
        routes=routes,
        weather={
            channel: weather_of(db, channel, now, limits)
            for channel in channels_of(routes, cluster.channel, cluster.name)
        },
    )


def weather_of(db: Database, channel: str, now: datetime, limits: Thresholds) -> Weather:
    """How it is in that channel now; where no storm blows, with a free id for the one that may begin."""
    blowing = open_storm(db, channel)
    if blowing is None:
        return weather(new_storm_id(db), False, begun_since(db, channel, now, MINUTE), 0, limits)
    last_minute = begun_since(db, channel, now, MINUTE)
    return weather(blowing.id, True, last_minute, begun_since(db, channel, now, limits.storm_calm), limits)


def _operation(db: Database, cluster: str, now: datetime) -> str | None:
    """One that runs or ended a moment ago. An interrupted one excuses nothing: nobody is at work."""
    holder = locks.holder(db, cluster)
    if holder is not None and get(db, holder.operation_id).state is OperationState.RUNNING:
        return f"operation/{holder.operation_id}"
    for operation in list_operations(db, cluster=cluster, states=FINISHED, limit=1):
        ran = operation.fencing is not None and operation.finished_at is not None
        if ran and operation.finished_at is not None and now - operation.finished_at < SETTLING:
            return f"operation/{operation.id}"
    return None
