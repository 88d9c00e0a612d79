"""Binds a plan to the machines that its names led to when it was made.

Every plan that people or a policy approve passes here, and every one that is made again to be compared with it: one
that did not would never be the one that was approved.
"""

from dataclasses import replace

from commands.plan import Plan
from commands.world import World
from servers.backups.partial.whereabouts import parts_of
from servers.identity import identity
from servers.inventory import Cluster


def bound(plan: Plan, cluster: Cluster, world: World) -> Plan:
    """The plan with one digest of the settings behind each name that its material has: a server's, a target's."""
    named = replace(plan, settings=()).material()
    behind = _behind(cluster, world)
    return replace(plan, settings=tuple((name, identity(behind[name])) for name in sorted(behind) if name in named))


def leads_elsewhere(plan: Plan, cluster: Cluster, world: World) -> tuple[str, ...]:
    """The names of the plan whose settings are not those that were approved, or are there no more."""
    behind = _behind(cluster, world)
    return tuple(name for name, digest in plan.settings if name not in behind or identity(behind[name]) != digest)


def _behind(cluster: Cluster, world: World) -> dict[str, list[object]]:
    """What the settings have for each name; a name may stand for several things."""
    behind: dict[str, list[object]] = {}
    for server in cluster.servers:
        behind.setdefault(server.name, []).append(server)
    for target in world.traffic.get(cluster.name, ()):
        behind.setdefault(target.name, []).append(target.identity)
    for service in cluster.services:
        behind.setdefault(service.name, []).append(service)
    for part in parts_of(cluster):
        behind.setdefault(part.name, []).append(part)
    for member, url in cluster.patroni.members if cluster.patroni else ():
        behind.setdefault(member, []).append(url)
    return behind
