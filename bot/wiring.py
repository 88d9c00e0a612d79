"""Where everything that every face needs is put together. Nothing else makes these parts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.discretion import DiscreetOrders
from bot.inventory import (
    automatic_of,
    clusters_of,
    limits_of,
    maintenance_windows_of,
    policies_of,
    roster_of,
    secrets_of,
    sentinels_of,
    traffic_of,
    watched_of,
)
from bot.roster import Roster
from bot.settings import Settings
from commands.dispatcher import Dispatcher
from commands.people import Directory
from commands.registry import COMMANDS
from commands.timeline.threads import Threads
from commands.world import World
from ledger.history.history import History
from ledger.ledger import Ledger
from ledger.redact import Redactor
from servers.backups.in_place import InPlace
from servers.backups.instances import Instances
from servers.backups.native.archiving import Archiving
from servers.backups.native.lister import NativeBackups
from servers.backups.offsite.from_store import FromStore
from servers.backups.offsite.keeper import OffsiteKeeper
from servers.backups.partial.tool import PartialBackups
from servers.backups.partial.volumes import Volumes
from servers.backups.registry import BackupTools
from servers.engines.behind_patroni import behind_patroni
from servers.engines.native import NativeEngine
from servers.engines.patroni.engine import patroni_engines
from servers.heartbeat import Heartbeats
from servers.inventory import Cluster
from servers.observe import Observer
from servers.probe import Probes
from servers.service_manager import ServiceManagers
from servers.sql import Sessions
from servers.ssh import Shells
from servers.watching.hosts.looks import HostLooks
from servers.watching.postgresql.look import PostgresqlLook
from servers.watching.services.looks import ServiceLooks
from servers.watching.watches import Watches

CLOSE_SECONDS = 1.2  # SSH alone takes one to say goodbye


def utc_now() -> datetime:
    """The clock of everything that is wired here."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Wired:
    """The parts, put together. `redactor` knows every secret of the settings; faces call `orders`."""

    clusters: dict[str, Cluster]
    roster: Roster
    redactor: Redactor
    ledger: Ledger
    sessions: Sessions
    observer: Observer
    world: World
    dispatcher: Dispatcher
    orders: DiscreetOrders
    offsite: OffsiteKeeper


@asynccontextmanager
async def open_world(
    settings: Settings,
    directory: Callable[[Roster], Directory],
    threads: Callable[[Ledger, Directory], Threads] | None = None,
) -> AsyncIterator[Wired]:
    """The parts, open; closed again at the end, whatever happened. `directory` makes the face's look-up of people,
    `threads` what reads its threads, where it has any."""
    clusters = clusters_of(settings)
    roster = roster_of(settings)
    redactor = Redactor(secrets_of(settings, clusters.values()))
    ledger = await Ledger.open(settings.path(settings.ledger.path), redactor)
    history = history_of(settings)
    shells, sessions = Shells(), Sessions()
    probes = Probes(sessions)
    # Its SQL has connections of its own: no fast look waits behind a slow one.
    inside, heartbeats = PostgresqlLook(Sessions(), utc_now), Heartbeats(clusters.values(), sessions)
    services = ServiceLooks(watched_of(settings, clusters, shells), utc_now)
    watches = Watches(hosts=HostLooks(shells, utc_now), postgresql=inside, heartbeats=heartbeats, services=services)
    try:
        backups = BackupTools(shells, utc_now)
        people = directory(roster)
        world = _world(
            settings, clusters, people, ledger, history, shells, sessions, backups, probes, watches, heartbeats
        )
        if threads is not None:
            world = replace(world, threads=threads(ledger, people))
        dispatcher = Dispatcher(world, COMMANDS)
        orders = DiscreetOrders(dispatcher, redactor)
        lister = NativeBackups(shells, utc_now)
        offsite = OffsiteKeeper(clusters.values(), shells, lister, backups.offsite, world.partial)
        yield Wired(clusters, roster, redactor, ledger, sessions, world.observer, world, dispatcher, orders, offsite)
    finally:
        # Connections first: nothing may reach a server once the ledger can no longer record it.
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                closing = (probes.close(), watches.close(), sessions.close(), shells.close())
                await asyncio.gather(*closing, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await history.close()
        await ledger.close()


def history_of(settings: Settings) -> History:
    """The history of what was observed: its file is opened when it is first used."""
    path = settings.path(settings.history.path or settings.ledger.path.with_suffix(".history.sqlite3"))
    return History(path, int(settings.history.limit), utc_now)


def _world(
    settings: Settings,
    clusters: dict[str, Cluster],
    people: Directory,
    ledger: Ledger,
    history: History,
    shells: Shells,
    sessions: Sessions,
    backups: BackupTools,
    probes: Probes,
    watches: Watches,
    heartbeats: Heartbeats,
) -> World:
    """What commands look at and act on."""
    partial = PartialBackups(shells, utc_now, backups.offsite)
    traffic = traffic_of(settings, clusters, shells, sessions)
    observer = Observer(
        clusters,
        shells,
        sessions,
        utc_now,
        backups=backups,
        archives=backups,
        partial=partial,
        sql_timeout=settings.monitor.sql_timeout,
        ssh_timeout=settings.monitor.ssh_timeout,
        traffic=traffic,
        watches=watches,
    )
    return World(
        clusters=clusters,
        observer=observer,
        engine=behind_patroni(NativeEngine(shells, sessions), clusters.values()),
        backups=backups,
        backup_tool=backups.tool_of,
        instances=Instances(shells),
        in_place=InPlace(shells),
        from_store=FromStore(shells, backups.offsite),
        archiving=Archiving(shells),
        partial=partial,
        volumes=Volumes(shells),
        ledger=ledger,
        history=history,
        thresholds=limits_of(settings),
        policies=policies_of(settings),
        directory=people,
        now=utc_now,
        services=ServiceManagers(shells),
        sentinels=sentinels_of(settings, clusters, shells),
        automatic=automatic_of(settings),
        maintenance_windows=maintenance_windows_of(settings),
        traffic=traffic,
        patroni=patroni_engines(clusters.values(), utc_now),
        heartbeats=heartbeats,
        probes=probes,
    )
