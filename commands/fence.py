"""`/ha fence [cluster] [server]`: cuts off an old primary that takes writes beside the one that was promoted.

People may ask for it; where the settings say so, the guard asks for it with the policy as its approver.
"""

from collections.abc import Mapping, Sequence

from commands import patroni_upkeep
from commands.command import Action, Meant, Misunderstood, Standing
from commands.parse import resolve
from commands.plan import Check, Conclusion, Loss, Plan
from commands.promotion import fencing
from commands.promotion.pair import Pair, failed, passed, warned
from commands.world import World
from ledger.quantities import bytes_text
from servers.inventory import Cluster
from servers.lsn import format_lsn
from servers.split_brain import Writable, divergence, writables
from servers.state import ClusterState, Role
from servers.verdict import Verdict, judge


class Fence:
    """The order to fence a server that takes writes on a timeline that was left."""

    name = "fence"
    usage = "fence [cluster] [server]"
    summary = "Cut off an old primary that came back and takes writes beside the new one"
    right = "fence"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The cluster, and the server to fence where one is named."""
        return Meant(*resolve(arguments, world.clusters, self.usage))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where there are no two primaries, or none of them is behind the other."""
        patroni_upkeep.refuse(meant.cluster, "It demotes an old primary itself; else: /ha promote")
        return plan_fence(meant.cluster, meant.server, state)

    def actions(self) -> Mapping[str, Action]:
        return {
            fencing.BY_SSH: Action(fencing.fence, fencing.is_fenced, repeatable=True, obstacle=cannot_fence),
            fencing.BY_SSH_OR_HOOK: Action(
                fencing.fence_or_hook, fencing.is_fenced_or_off, repeatable=True, obstacle=cannot_fence
            ),
        }

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        kept = dict(plan.facts).get("kept", "the other one")
        line = f"{plan.target} is fenced. {kept} alone takes writes."
        next_steps = (
            f"Look: /ha status {plan.cluster}",
            f"Then bring it back: /ha rejoin {plan.cluster} {plan.target}",
        )
        return Conclusion(line, (("Kept aside", plan.loss.explanation),), next_steps)


def cannot_fence(standing: Standing) -> str | None:
    """A fence that was broken off may have left a server that is down, which no plan of now would fence."""
    target = standing.state.server(standing.plan.target)
    if target.sql is None:
        return None
    return standing.not_as_approved if target.role is Role.PRIMARY else f"{target.name} is a standby by now."


def stale(found: Sequence[Writable]) -> tuple[Writable, Writable] | None:
    """(the one that was left behind, the one that was promoted), where two take writes and that can be told.

    The promoted one is on a later timeline, and its history, where it is known, says that it came from the other's.
    """
    if len(found) != 2 or any(one.timeline is None for one in found):
        return None
    old, new = sorted(found, key=lambda one: one.timeline or 0)
    if old.timeline == new.timeline:
        return None
    came_from = None if new.history is None else {one.timeline for one in new.history[:-1]}
    return None if came_from is not None and old.timeline not in came_from else (old, new)


def plan_fence(cluster: Cluster, server: str | None, state: ClusterState) -> Plan:
    """Pure. Raises Misunderstood."""
    found = writables(cluster, state)
    if len(found) < 2:
        running = found[0].name if found else "no server"
        raise Misunderstood(f"There is nothing to fence: {running} alone takes writes in {cluster.name}.")
    pair = stale(found) if judge(cluster, state).verdict is Verdict.SPLIT_BRAIN else None
    if pair is None:
        names = " and ".join(one.name for one in found)
        told = "take writes, and their timelines do not tell which one was left behind"
        raise Misunderstood(f"{names} {told}. Stop the wrong one by hand.")
    if server not in (None, pair[0].name):
        behind = f"that is {pair[0].name}, on timeline {pair[0].timeline}"
        raise Misunderstood(f"{server} is not the one that was left behind: {behind}.")
    return _plan(cluster, state, *pair)


def _plan(cluster: Cluster, state: ClusterState, old: Writable, new: Writable) -> Plan:
    about = Pair(cluster, state, cluster.server(old.name), cluster.server(new.name))
    sql = about.new.sql
    control = about.new.host.control if about.new.host else None
    system = sql.system_identifier if sql else control.system_identifier if control else ""
    return Plan(
        kind="fence",
        cluster=cluster.name,
        system_identifier=system,
        timeline=new.timeline or 0,
        source=None,
        target=old.name,
        steps=fencing.fence_steps(about),
        checks=(_took_over(new, old), fencing.fence_check(about), _can_be(about)),
        outage_seconds=0.0,
        loss=_set_aside(old, new),
        facts=(*fencing.fence_facts(about.source), ("kept", new.name)),
        consequence=f"{old.name} will take no more writes; {new.name} stays the primary",
    )


def _took_over(new: Writable, old: Writable) -> Check:
    title = f"{new.name} took over from {old.name}"
    if new.history is None:
        return warned("took_over", title, f"{_apart(old, new)}; its timeline history could not be read")
    return passed("took_over", title, _apart(old, new))


def _can_be(about: Pair) -> Check:
    title = f"There is a way to cut {about.source.name} off"
    if fencing.can_fence(about):
        return passed("way", title, "see above")
    return failed("way", title, "SSH does not answer, and it has no fence hook. Switch it off by other means")


def _set_aside(old: Writable, new: Writable) -> Loss:
    """Nothing is deleted: what the old one wrote by mistake lies in its data directory."""
    at = divergence(old, new)
    if at is None or old.lsn is None:
        line = f"What {old.name} has written since they parted is not known; it stays in its data directory."
        return Loss(None, None, line)
    written = max(0, old.lsn - at)
    line = f"What {old.name} has written since {format_lsn(at)} ({bytes_text(written)}) is not on {new.name}"
    return Loss(written, None, f"{line}; it stays in {old.name}'s data directory.")


def _apart(old: Writable, new: Writable) -> str:
    at = divergence(old, new)
    where = f", they part at {format_lsn(at)}" if at is not None else ""
    return f"{new.name} is on timeline {new.timeline}, {old.name} still on timeline {old.timeline}{where}"
