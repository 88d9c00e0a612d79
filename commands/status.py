"""`/ha status [cluster]`: a pair at a glance, or all of them a line each. Answers within a second, whatever hangs."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from commands.asked import Asked
from commands.authority import VIEW
from commands.looking import glance, survey
from commands.orders import OPEN
from commands.parse import resolve
from commands.patroni_history import look_at_history
from commands.people import Person
from commands.promotion.traffic import look_at_traffic
from commands.status_page import ClusterView, cluster_page, overview_page
from commands.world import World
from ledger.alerts import AlertRow, open_alerts
from ledger.maintenance import Maintenance, all_in_maintenance
from ledger.operations import Operation, list_operations
from ledger.page import Page
from ledger.patroni_pauses import PatroniPause, open_pauses
from servers.inventory import Cluster
from servers.state import ClusterState
from servers.verdict import judge

PATIENCE = 0.85  # seconds for everything that leaves the process


@dataclass(frozen=True, slots=True)
class _Remembered:
    alerts: tuple[AlertRow, ...]
    operations: tuple[Operation, ...]
    maintenance: tuple[Maintenance, ...]
    pauses: tuple[PatroniPause, ...]


class Status:
    """The view that is asked for most, and first."""

    name = "status"
    usage = "status [cluster]"
    summary = "Roles, lag, backups, disks, alerts and running operations"
    right = VIEW

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """One cluster in full, when it is named or the only one; else all of them."""
        if not arguments and len(world.clusters) > 1:
            return await _overview(world)
        cluster, _ = resolve(arguments, world.clusters, self.usage)
        remembered, state, traffic, history = await asyncio.gather(
            world.ledger.read(lambda db: _remembered(db, cluster.name, world.now())),
            _in_time(glance(world, cluster)),
            look_at_traffic(world, cluster, PATIENCE),
            look_at_history(world, cluster, PATIENCE),
        )
        view = replace(_view(cluster, state, remembered), traffic=traffic, history=history)
        return cluster_page(view, world.now())


async def _overview(world: World) -> Page:
    clusters = tuple(world.clusters.values())
    remembered, states = await asyncio.gather(
        world.ledger.read(lambda db: _remembered(db, None, world.now())),
        asyncio.gather(*(_in_time(survey(world, cluster)) for cluster in clusters)),
    )
    pairs = zip(clusters, states, strict=True)
    return overview_page(tuple(_view(cluster, state, remembered) for cluster, state in pairs), world.now())


async def _in_time(looking: Awaitable[ClusterState]) -> ClusterState | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await looking
    except TimeoutError:
        return None


def _remembered(db: Database, cluster: str | None, now: datetime) -> _Remembered:
    open_orders = list_operations(db, cluster=cluster, states=OPEN)
    return _Remembered(
        alerts=tuple(open_alerts(db, cluster)),
        operations=tuple(open_orders),
        maintenance=tuple(all_in_maintenance(db, now)),
        pauses=tuple(open_pauses(db)),
    )


def _view(cluster: Cluster, state: ClusterState | None, remembered: _Remembered) -> ClusterView:
    return ClusterView(
        cluster=cluster,
        state=state,
        judgement=judge(cluster, state) if state is not None else None,
        alerts=tuple(alert for alert in remembered.alerts if alert.cluster == cluster.name),
        operation=next((one for one in remembered.operations if one.cluster == cluster.name), None),
        maintenance=next((one for one in remembered.maintenance if one.cluster == cluster.name), None),
        pause=next((one for one in remembered.pauses if one.cluster == cluster.name), None),
    )
