"""The plan of a restore in the place of a standby, and of making a standby of it again. The primary is not touched.

To the end of the archive it is a way to make a standby anew without reading the primary. To an earlier moment it stands
there, read-only, with that server's own address, memory and settings, until an order makes it follow again.
"""

from collections.abc import Sequence
from datetime import datetime

from commands.command import Misunderstood
from commands.parse import COMMAND
from commands.plan import Check, CheckResult, Loss, Plan, Step
from commands.promotion.pair import failed, judged, passed, warned
from commands.restoring import in_place_steps as steps
from commands.restoring.actions import DROPPED
from commands.restoring.checks import instance_checks
from commands.restoring.in_place_actions import FOLLOWS
from commands.restoring.in_place_plan import can_move, connected, tablespace_facts
from commands.restoring.left import Left
from commands.restoring.plans import instance_steps, system_of, target_facts
from commands.restoring.seen import Seen
from commands.restoring.words import Way
from ledger.instances import RestoredInstance
from servers.backups.recovery import target_text
from servers.backups.target import Target, TargetKind
from servers.inventory import Cluster
from servers.state import ClusterState, Role
from servers.views import views_of

FOLLOWING, PUT_BACK = "standby from a restored server", "old data of a standby put back"


def stays_there(target: Target) -> bool:
    """Whether it is to stand at that moment; at the end of the archive it goes on, and follows."""
    return target.kind is not TargetKind.LATEST


def plan_standby(seen: Seen, now: datetime) -> Plan:
    """Pure. Raises Misunderstood where there is no primary: then it would be no standby's place."""
    here, target = seen.host.name, target_text(seen.target)
    if seen.primary is None:
        raise Misunderstood(f"No server of {seen.cluster.name} takes writes, so {here} has nobody to follow later.")
    primary, data = seen.primary.name, seen.host.service.data_directory
    stays = stays_there(seen.target)
    last = (steps.stand(here), steps.see_standing(here)) if stays else _following(here, primary)
    becomes = f"stands at {target}, read-only" if stays else f"follows {primary} again, made anew from the backups"
    return Plan(
        kind="restore",
        cluster=seen.cluster.name,
        system_identifier=system_of(seen.state),
        timeline=seen.serving.backup.timeline or 0,
        source=target,
        target=here,
        steps=(*instance_steps(seen, now), steps.stop_for_restore(here), steps.swap_standby(here), *last),
        checks=(
            *instance_checks(seen, now),
            _is_a_standby(seen),
            can_move(seen),
            connected(seen),
            _does_not_block(seen, primary),
        ),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, f"{primary} is not touched. The old data directory of {here} is kept."),
        risks=(_risk(seen, primary, stays=stays),),
        facts=(
            *target_facts(seen),
            (FOLLOWS, primary),
            ("data directory", f"{data} is moved aside, and kept"),
            *tablespace_facts(seen),
        ),
        consequence=f"{here} {becomes}; its data directory is moved aside",
    )


def plan_follow(cluster: Cluster, state: ClusterState, there: Sequence[RestoredInstance], operation: str) -> Plan:
    """A standby again, of what stands in a standby's place. Raises Misunderstood."""
    one = _meant(cluster, there, operation, Way.FOLLOW)
    primary = next((server.name for server in state.servers if server.role is Role.PRIMARY), None)
    if primary is None or primary == one.server:
        raise Misunderstood(f"No other server of {cluster.name} takes writes: there is nobody to follow.")
    return Plan(
        kind=FOLLOWING,
        cluster=cluster.name,
        system_identifier=system_of(state),
        timeline=0,
        source=primary,
        target=one.server,
        steps=(steps.stop_for_restore(one.server), *_following(one.server, primary)),
        checks=(Check("made", "Made by an order of ours", CheckResult.PASS, f"operation {one.operation}"),),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, f"What {one.server} shows of {one.target} is no longer to be seen there."),
        facts=((DROPPED, one.operation), (FOLLOWS, primary)),
        consequence=f"{one.server} catches up from the archive, and follows {primary} as its standby again",
        dangerous=False,
    )


def plan_put_back(cluster: Cluster, state: ClusterState, there: Sequence[RestoredInstance], operation: str) -> Plan:
    """Its old data directory again: it has what the restored one lacks, and may be all that is left of the primary's.

    Raises Misunderstood.
    """
    one = _meant(cluster, there, operation, Way.PUT_BACK)
    return Plan(
        kind=PUT_BACK,
        cluster=cluster.name,
        system_identifier=system_of(state),
        timeline=0,
        source=None,
        target=one.server,
        steps=(steps.stop_for_restore(one.server), steps.put_back(one.server), steps.start_old(one.server)),
        checks=(Check("made", "Made by an order of ours", CheckResult.PASS, f"operation {one.operation}"),),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, f"What was restored is kept in {one.directory}, and can be dropped."),
        facts=((DROPPED, one.operation),),
        consequence=f"{one.server} has its old data again, and goes on as the standby that it was",
        dangerous=False,
    )


def standing_in_its_place(server: str, there: Sequence[tuple[RestoredInstance, Left]]) -> Check | None:
    """What keeps a server from being promoted that stands at an earlier moment: all that came since would be lost."""
    for one, left in there:
        if left is Left.IN_PLACE and one.server == server:
            back = f"{COMMAND} restore put-back {one.cluster} {one.operation}"
            evidence = f"it stands at {one.target}, by operation {one.operation}. Its old data, which have more: {back}"
            return failed("restored", f"{server} has what the primary had", evidence)
    return None


def _meant(cluster: Cluster, there: Sequence[RestoredInstance], operation: str, way: Way) -> RestoredInstance:
    """Raises Misunderstood."""
    meant = [one for one in there if operation in ("", one.operation)]
    if len(meant) != 1:
        names = ", ".join(f"{one.operation} ({one.target}, on {one.server})" for one in meant)
        which = f"Which one? There are {names}" if meant else "Nothing stands in the place of a standby"
        raise Misunderstood(f"{which}. Type: {COMMAND} restore {way} {cluster.name} [operation]")
    return meant[0]


def _following(here: str, primary: str) -> tuple[Step, ...]:
    return steps.follow_restored(here, primary), steps.settle_standby(here)


def _risk(seen: Seen, primary: str, *, stays: bool) -> str:
    here = seen.host.name
    others = [one.name for one in seen.state.servers if one.name not in (here, primary) and one.role is Role.STANDBY]
    until = "until somebody makes it follow again" if stays else "until it has caught up"
    then = f"{', '.join(others)} can" if others else f"and nobody else can: if {primary} dies, it is lost"
    return f"{here} cannot take over from {primary} {until}, {then}."


def _is_a_standby(seen: Seen) -> Check:
    here = seen.host.name
    title = f"{here} is a standby"
    view = next(view for view in views_of(seen.cluster, seen.state) if view.name == here)
    if view.runs_as_primary or not view.surely_standby:
        return failed("standby", title, "it is not known to be one. Make it one first: /ha rejoin")
    return passed("standby", title, "it runs as one" if view.sql else "it is down, and marked as one")


def _does_not_block(seen: Seen, primary: str) -> Check:
    title = f"Commits will not block on {primary}"
    sql = seen.state.server(primary).sql
    if sql is None:
        return warned("synchronous", title, "synchronous_standby_names is not known")
    names = sql.synchronous_standby_names.strip()
    evidence = f"synchronous_standby_names is “{names}”" if names else "synchronous_standby_names is empty"
    return judged("synchronous", title, not names, evidence, "Set it to '' there and reload, until this has ended")
