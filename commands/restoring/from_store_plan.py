"""The plan when everything is gone: backup and WAL from off site onto a server that has nothing, opened there."""

import asyncio

from commands.command import Misunderstood
from commands.plan import Check, Loss, Plan, Step
from commands.promotion.pair import failed, passed
from commands.restoring import in_place_steps, steps
from commands.restoring.acting import BACKUP, PRIMARY, TARGET
from commands.restoring.afterwards_steps import afterwards
from commands.restoring.in_place_actions import FOLLOWS
from commands.restoring.rates import Rates, measured_rates
from commands.restoring.target import write_target
from commands.restoring.words import Way
from commands.world import World
from ledger.quantities import bytes_text, count_text
from servers.backups.archive import DEFAULT_SEGMENT_SIZE
from servers.backups.in_place import InPlaceState
from servers.backups.instances import HostForInstance, Place, directory_for
from servers.backups.offsite.from_store import InStore
from servers.backups.recovery import target_text
from servers.backups.target import Target, TargetKind
from servers.engines.engine import ActionFailed
from servers.inventory import BackupTool, Cluster, Server
from servers.state import ClusterState
from servers.views import views_of

_ROOM = 3  # times the backup as it is copied: itself, what it unpacks to, and WAL


async def plan_from_store(
    world: World, cluster: Cluster, state: ClusterState, named: str | None, target: Target
) -> Plan:
    """Looks at the store and at that host. Raises Misunderstood."""
    here = _server(cluster, named)
    if target.kind not in (TargetKind.LATEST, TargetKind.TIME):
        raise Misunderstood("From the store one can recover to latest, or to a time.")
    place = Place(here, directory_for(here, "look"), "", "")
    try:
        found, standing, room = await asyncio.gather(
            world.from_store.look(cluster, target),
            world.in_place.state(place),
            world.instances.host(here, place.directory),
        )
    except ActionFailed as error:
        raise Misunderstood(f"{cluster.name} cannot be recovered from the store: {error}.") from error
    rates, standbys = await measured_rates(world, cluster), await _standbys(world, cluster, here.name)
    return Plan(
        kind="restore",
        cluster=cluster.name,
        system_identifier="",
        timeline=0,
        source=target_text(target),
        target=here.name,
        steps=(*_steps(here.name, found, target, rates), *afterwards(here.name, standbys, found.backup.size)),
        checks=(
            passed("store", "A backup off site is as it was copied", _backup_line(found)),
            _nothing_there(here, standing),
            _room(here, found, room),
            _nobody_writes(cluster, state, here.name),
        ),
        outage_seconds=None,
        loss=Loss(
            None, None, "Whatever was not off site by then. The time of the last transaction is told at the end."
        ),
        risks=_risks(cluster, state, here.name),
        facts=(
            ("to", target_text(target)),
            (TARGET, write_target(target)),
            (BACKUP, found.backup.name),
            ("how", str(Way.FROM_STORE)),
            (PRIMARY, "none"),
            (FOLLOWS, here.name),
            ("standbys made anew", ", ".join(standbys) or "none: no other host answers"),
            ("data directory", f"{here.service.data_directory} is made; nothing may be there"),
        ),
        consequence=f"{cluster.name} as of {target_text(target)} will take writes on {here.name}",
    )


def _server(cluster: Cluster, named: str | None) -> Server:
    """The empty one. Raises Misunderstood."""
    if named is None:
        raise Misunderstood(f"Onto which server? Type: restore {cluster.name} SERVER --to latest --from-store")
    place = cluster.backups
    if place is None or place.offsite is None or place.tool is not BackupTool.NATIVE or not place.archive_directory:
        raise Misunderstood(
            f"{cluster.name} has no copies off site of Understudy's own: [clusters.{cluster.name}.backups.offsite]. "
            "pgBackRest and Barman restore from their own repositories."
        )
    if place.server not in (None, named):
        raise Misunderstood(
            f"The settings keep the backups of {cluster.name} on {place.server}, and they are brought to {named}. "
            f'Set [clusters.{cluster.name}.backups] server = "{named}", then ask again.'
        )
    return cluster.server(named)


async def _standbys(world: World, cluster: Cluster, here: str) -> tuple[str, ...]:
    """Those whose host answers, on which nothing runs: what is in the way there is moved aside, and kept."""

    async def is_ready(server: Server) -> bool:
        try:
            return not (await world.engine.directory(server)).running
        except ActionFailed:
            return False

    others = [server for server in cluster.servers if server.name != here and server.replication]
    ready = await asyncio.gather(*map(is_ready, others))
    return tuple(server.name for server, yes in zip(others, ready, strict=True) if yes)


def _steps(here: str, found: InStore, target: Target, rates: Rates) -> tuple[Step, ...]:
    size, wal = found.backup.size, found.wal_files * DEFAULT_SEGMENT_SIZE
    return (
        _bring("bring_backup", here, f"Bring {found.backup.name} to {here}", "every file is as it was copied", size),
        _bring("bring_wal", here, f"Bring the WAL after it to {here}", "a way to the target without a gap", wal),
        steps.lay_out(here, found.backup.name, size, size / rates.lay_out),
        steps.compare(here, size, sizes=False),
        steps.recover(here, target_text(target), found.wal_files, wal, wal / rates.replay),
        Step(
            "put", here, "Put it in its place", "It becomes the server's data directory. Nothing may be there.",
            "it is found there", in_place_steps.NORMAL, "move it out again",
        ),
        in_place_steps.start_restored(here),
        in_place_steps.promote(here),
        in_place_steps.write(here),
        in_place_steps.settle(here),
    )  # fmt: skip


def _bring(action: str, here: str, title: str, proof: str, size: int) -> Step:
    does = "From the store, by pieces; what is there already stays. If it breaks off, asking again goes on."
    return Step(action, here, title, does, proof, max(steps.SHORTEST_JOB, size / steps.SLOWEST_REPLAY))


def _backup_line(found: InStore) -> str:
    one = found.backup
    return f"{one.name}, {bytes_text(one.size)}, and {count_text(found.wal_files, 'file')} of WAL in all"


def _nothing_there(here: Server, standing: InPlaceState) -> Check:
    title, data = f"{here.name} has nothing that could be lost", here.service.data_directory
    if standing.there or standing.running:
        what = "and PostgreSQL runs on it" if standing.running else "with something in it"
        return failed("nothing_there", title, f"{data} is there, {what}: move it aside first")
    return passed("nothing_there", title, f"{data} is not there, or empty")


def _room(here: Server, found: InStore, room: HostForInstance) -> Check:
    title = f"Disk space on {here.name}"
    if room.obstacle:
        return failed("room", title, room.obstacle)
    if room.available is None:
        return failed("room", title, "not known")
    needed = found.backup.size * _ROOM
    evidence = f"{bytes_text(room.available)} free, about {bytes_text(needed)} needed"
    return passed("room", title, evidence) if room.available >= needed else failed("room", title, evidence)


def _nobody_writes(cluster: Cluster, state: ClusterState, here: str) -> Check:
    """A standby that lives has more than the store: it is promoted, and nothing is recovered."""
    title = "No other server is there to go on with"
    others = [view for view in views_of(cluster, state) if view.name != here]
    living = [view.name for view in others if view.speaks or view.alive]
    if living:
        return failed("only_primary", title, f"{', '.join(living)} runs. Go on with that: /ha promote")
    return passed("only_primary", title, "none is seen to run")


def _risks(cluster: Cluster, state: ClusterState, here: str) -> tuple[str, ...]:
    unseen = ", ".join(view.name for view in views_of(cluster, state) if view.name != here and view.unknown)
    if not unseen:
        return ()
    return (f"{unseen} cannot be seen. If it is alive and takes writes, there will be two primaries.",)
