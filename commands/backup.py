"""`/ha backup [cluster] [full|diff|incr]` takes a base backup; `/ha backup verify [cluster] [name]` verifies one.

After `dump` or `volume` comes the name of a partial backup instead: `commands.partial` has these.
"""

import asyncio
from collections.abc import Mapping, Sequence

from commands.backing_up.actions import ACTIONS
from commands.backing_up.backup_plan import plan_backup, plan_verification
from commands.backing_up.checks import ToBackUp
from commands.backing_up.report import conclude
from commands.backing_up.source import choose
from commands.command import Action, Meant, Misunderstood
from commands.parse import echo, nearest, resolve
from commands.partial import taking
from commands.partial.planning import plan_part_backup, plan_part_check
from commands.partial.plans import KIND as PART_KIND
from commands.partial.report import conclude_part
from commands.partial.words import names_a_part, understand_part
from commands.plan import Conclusion, Plan
from commands.world import World
from servers.backups.wanted import BackupKind
from servers.engines.engine import ActionFailed
from servers.engines.upkeep import InUse
from servers.inventory import Cluster, Server
from servers.state import BackupState, BaseBackup, ClusterState

VERIFY = "verify"
LIST_SECONDS = 10.0
_KINDS = {str(kind): kind for kind in BackupKind}


class Backup:
    """The order to take a base backup, or to verify one."""

    name = "backup"
    usage = "backup [verify] [cluster] [full|diff|incr, the name of a backup, dump NAME or volume NAME]"
    summary = "Take a base backup from a standby that does not lag, and verify it; or verify one that is there"
    right = "backup"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The kind is full unless another one is said. After `verify` a name may follow; else the newest is meant."""
        if names_a_part(arguments, world.clusters):
            words = [word for word in arguments if word != VERIFY]
            return understand_part(words, world.clusters, self.usage, *([VERIFY] if VERIFY in arguments else []))
        if VERIFY in arguments:
            return self._resolve_verify([word for word in arguments if word != VERIFY], world)
        kinds = [word for word in arguments if word in _KINDS]
        if len(kinds) > 1:
            raise Misunderstood(f"One kind at a time: {' or '.join(kinds)}? Type: /ha {self.usage}")
        rest = [word for word in arguments if word not in _KINDS]
        return Meant(*resolve(rest, world.clusters, self.usage), tuple(kinds) or (str(BackupKind.FULL),))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where there are no backups in the settings, or none is meant."""
        cluster = meant.cluster
        if names_a_part(meant.words, {}):
            plan_part = plan_part_check if meant.words[0] == VERIFY else plan_part_backup
            return await plan_part(cluster, meant.words[-2:], state, world)
        if cluster.backups is None:
            raise Misunderstood(
                f"The settings name no backups for {cluster.name}: add [clusters.{cluster.name}.backups]."
            )
        tool = world.backup_tool(cluster)
        if meant.words[0] == VERIFY:
            listing = await tool.list(cluster, timeout=LIST_SECONDS)
            backup = _meant_backup(cluster, listing, meant.words[1:])
            server = _home(cluster)
            return plan_verification(cluster, state, server, tool.name, listing, backup)
        source = choose(cluster, state, meant.server)
        listing, size, in_use = await asyncio.gather(
            tool.list(cluster, timeout=LIST_SECONDS),
            _size(world, cluster.server(source.server)),
            _in_use(world, cluster.server(source.server)),
        )
        kind = _KINDS[meant.words[0]]
        return plan_backup(
            ToBackUp(cluster, state, source, kind, tool.name, tool.kinds, listing, size, in_use, world.now())
        )

    def actions(self) -> Mapping[str, Action]:
        return {**ACTIONS, **taking.ACTIONS}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        return conclude_part(plan, found) if PART_KIND in dict(plan.facts) else conclude(plan, found)

    def _resolve_verify(self, rest: Sequence[str], world: World) -> Meant:
        places = [word for word in rest if word in world.clusters]
        names = [word for word in rest if word not in world.clusters]
        if len(names) > 1:
            raise Misunderstood(f"One backup at a time: {' or '.join(map(echo, names))}? Type: /ha {self.usage}")
        cluster, _ = resolve(places, world.clusters, self.usage)
        return Meant(cluster, None, (VERIFY, *names))


def _meant_backup(cluster: Cluster, listing: BackupState, named: Sequence[str]) -> BaseBackup:
    """The one of that name (in any case: what was typed comes in small letters), else the newest complete one."""
    if not listing.answer.ok:
        raise Misunderstood(f"The backups of {cluster.name} could not be listed: {listing.answer.how}.")
    if not named:
        complete = [one for one in listing.backups if one.finished_at is not None]
        if not complete:
            raise Misunderstood(f"{cluster.name} has no complete backup. Take one: /ha backup {cluster.name}")
        return max(complete, key=lambda one: one.finished_at.timestamp() if one.finished_at else 0.0)
    known = {one.name.casefold(): one for one in listing.backups}
    found = known.get(named[0])
    if found is None:
        near = nearest(named[0], [one.name for one in listing.backups])
        mend = f"Did you mean {near}?" if near else f"See: /ha backups {cluster.name}"
        raise Misunderstood(f"“{echo(named[0])}” is no backup of {cluster.name}. {mend}")
    return found


def _home(cluster: Cluster) -> Server:
    """The server that the settings name for the backups, else the first one."""
    name = cluster.backups.server if cluster.backups else None
    return cluster.server(name) if name is not None else cluster.servers[0]


async def _size(world: World, server: Server) -> int | None:
    try:
        return (await world.engine.source(server)).size
    except ActionFailed:
        return None


async def _in_use(world: World, server: Server) -> InUse | None:
    try:
        return await world.engine.in_use(server)
    except ActionFailed:
        return None
