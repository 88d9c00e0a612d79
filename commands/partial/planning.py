"""Looks at what an order about a dump or a volume needs to know, and plans it."""

from collections.abc import Sequence

from commands.backing_up.source import choose
from commands.command import Misunderstood
from commands.partial.plans import ToTake, plan_part_verification, plan_taking
from commands.partial.words import part_of
from commands.plan import Plan
from commands.world import World
from servers.backups.partial.place import DumpPlace
from servers.backups.partial.volumes import VolumeFacts
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster
from servers.state import ClusterState

LIST_SECONDS = 10.0


async def plan_part_backup(cluster: Cluster, words: Sequence[str], state: ClusterState, world: World) -> Plan:
    """`words`: the kind and the name. Raises Misunderstood where it cannot be taken from anywhere."""
    part = part_of(cluster, *words)
    seen = await world.partial.seen(cluster, part, timeout=LIST_SECONDS)
    if isinstance(part, DumpPlace):
        source = choose(cluster, state, part.server)
        return plan_taking(ToTake(cluster, state, part, seen, world.now(), source=source))
    facts: VolumeFacts | None = None
    problem = ""
    try:
        facts = await world.volumes.look(part)
    except ActionFailed as failed:
        problem = str(failed)
    return plan_taking(ToTake(cluster, state, part, seen, world.now(), facts=facts, problem=problem))


async def plan_part_check(cluster: Cluster, words: Sequence[str], state: ClusterState, world: World) -> Plan:
    """Of the newest complete one. Raises Misunderstood where there is none."""
    part = part_of(cluster, *words)
    seen = await world.partial.seen(cluster, part, timeout=LIST_SECONDS)
    if seen.newest is None:
        why = "" if seen.answer.ok else f" ({seen.answer.how})"
        raise Misunderstood(
            f"There is no complete {part.kind} {part.name}{why}. "
            f"Take one: /ha backup {cluster.name} {part.kind} {part.name}"
        )
    wrong = await world.partial.decrypts(cluster, part, seen.newest)
    return plan_part_verification(cluster, state, part, seen.newest, wrong)
