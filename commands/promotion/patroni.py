"""Promotion of a cluster that Patroni runs: what it is asked to do, and what speaks for and against it. Pure."""

from dataclasses import dataclass
from datetime import datetime

from commands.command import Misunderstood
from commands.plan import Check, Loss, Plan, Step
from commands.promotion import traffic
from commands.promotion.checks import answers_sql
from commands.promotion.pair import failed, judged, passed, warned
from commands.promotion.traffic import TargetSeen
from ledger.quantities import bytes_text
from servers.inventory import Cluster
from servers.patroni_state import PatroniMember, PatroniState
from servers.state import ClusterState, Role

SWITCHOVER, FAILOVER = "patroni_switchover", "patroni_failover"
SCHEDULE, CANCEL = "patroni_schedule", "patroni_cancel"
VERIFY, FOLLOWERS = "patroni_verify", "patroni_followers"
SCHEDULED, CANCELLED = "scheduled switchover", "cancelled switchover"  # kinds of plans

BY = ("by", "Patroni")
AT = "at"
OUTAGE = 5.0  # seconds to expect: Patroni demotes, waits for the leader key, promotes
_PATIENCE = 60.0  # seconds; Patroni itself answers within 20 s


@dataclass(frozen=True, slots=True)
class Look:
    """A cluster as it was seen, with what Patroni said of it."""

    cluster: Cluster
    state: ClusterState
    patroni: PatroniState
    traffic: tuple[TargetSeen, ...] = ()


def look_at(cluster: Cluster, state: ClusterState, seen: tuple[TargetSeen, ...] = ()) -> Look:
    """Raises Misunderstood where Patroni does not answer: without it nothing is done."""
    patroni = state.patroni
    if patroni is None or not patroni.answer.ok:
        how = patroni.answer.how if patroni else "it was not asked"
        raise Misunderstood(f"Patroni does not answer for {cluster.name}, so nothing can be asked of it: {how}")
    return Look(cluster, state, patroni, seen)


def plan_by_patroni(look: Look, server: str | None, at: datetime | None = None) -> Plan:
    """A switchover, now or at a time, or a failover where nobody leads. Raises Misunderstood."""
    leader = look.patroni.leader
    if server is not None and leader is not None and leader.name == server and leader.healthy:
        raise Misunderstood(f"{server} leads {look.cluster.name} already: there is nothing to do.")
    candidate = _candidate(look, server)
    if leader is not None and leader.healthy:
        return _switchover(look, leader, candidate) if at is None else _scheduled(look, leader, candidate, at)
    if at is not None:
        raise Misunderstood(f"Nobody leads {look.cluster.name}: a switchover cannot be scheduled. Leave out the time.")
    if leader is not None and not look.patroni.paused:
        raise Misunderstood(
            f"{leader.name} holds Patroni's leader key and is {leader.state or 'in an unknown state'}: Patroni fails "
            f"over by itself once the key has run out, within {look.patroni.config.ttl:g} s. Look: /ha status"
        )
    return _failover(look, leader, candidate)


def plan_cancel(look: Look) -> Plan:
    """Raises Misunderstood where no switchover is scheduled."""
    found = look.patroni.scheduled
    if found is None:
        raise Misunderstood(f"No switchover of {look.cluster.name} is scheduled: there is nothing to cancel.")
    target = found.target or "any member"
    does = "DELETE /switchover: Patroni forgets the switchover that it was told to do."
    step = Step(CANCEL, target, "Cancel the switchover", does, "/cluster shows none any more", _PATIENCE)
    return _plan(
        look,
        CANCELLED,
        found.source,
        target,
        (step,),
        (_answers(look),),
        facts=((AT, at_text(found.at)),),
        outage=0.0,
        loss=Loss(0, 0.0, "Nothing is touched now."),
        consequence=f"Patroni will not switch over to {target} at {at_text(found.at)}",
    )


def at_text(at: datetime) -> str:
    """In UTC, as people read it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _switchover(look: Look, leader: PatroniMember, candidate: PatroniMember) -> Plan:
    old, new = leader.name, candidate.name
    return _plan(
        look,
        "switchover",
        old,
        new,
        (
            *traffic.hold_steps(look.traffic, old),
            switchover_step(old, new),
            *_after(look, new),
        ),
        (*_checks(look, leader, candidate), *traffic.checks(look.traffic, old)),
        facts=traffic.facts(look.traffic, new),
        outage=OUTAGE,
        loss=Loss(0, 0.0, f"Patroni stops {old} cleanly, and promotes {new} once it has everything."),
        consequence=f"{new} will become the primary",
    )


def _scheduled(look: Look, leader: PatroniMember, candidate: PatroniMember, at: datetime) -> Plan:
    old, new = leader.name, candidate.name
    does = f"POST /switchover with scheduled_at: Patroni switches over to {new} by itself at {at_text(at)}."
    step = Step(SCHEDULE, new, f"Schedule it for {at_text(at)}", does, "/cluster shows it", _PATIENCE)
    unled = tuple(
        warned(f"traffic_{one.target.name}", f"{one.target.name} follows", "it is not led when Patroni switches over")
        for one in look.traffic
    )
    paused = look.patroni.paused
    pause = judged("pause", "Patroni is not paused", not paused, "paused" if paused else "active", "Type: /ha promote")
    return _plan(
        look,
        SCHEDULED,
        old,
        new,
        (step,),
        (*(one for one in _checks(look, leader, candidate) if one.name != "pause"), pause, *unled),
        facts=((AT, at_text(at)),),
        outage=OUTAGE,
        loss=Loss(0, 0.0, f"Patroni stops {old} cleanly, and promotes {new} once it has everything."),
        consequence=f"{new} will become the primary at {at_text(at)}",
    )


def _failover(look: Look, leader: PatroniMember | None, candidate: PatroniMember) -> Plan:
    new = candidate.name
    old = leader.name if leader is not None else _last_primary(look, new)
    does = f"POST /failover: Patroni promotes {new}, and has the others follow it."
    step = Step(FAILOVER, new, f"Have Patroni fail over to {new}", does, f"/cluster says that {new} leads", _PATIENCE)
    risk = "" if old is None or _is_silent(look, old) else f"{old} answers by SQL: it may still take writes"
    return _plan(
        look,
        "failover",
        old,
        new,
        (step, *_after(look, new)),
        (*_checks(look, None, candidate), *(traffic.checks(look.traffic, old) if old else ())),
        facts=traffic.facts(look.traffic, new),
        outage=OUTAGE,
        loss=Loss(
            candidate.lag,
            None,
            f"What {new} has not received is lost. Patroni reckons its lag as "
            f"{bytes_text(candidate.lag) if candidate.lag is not None else 'unknown'}.",
        ),
        consequence=f"{new} will become the primary",
        risks=(risk,) if risk else (),
    )


def switchover_step(old: str, new: str) -> Step:
    does = f"POST /switchover: Patroni stops {old}, promotes {new}, and has the others follow it."
    proof = f"/cluster says that {new} leads"
    return Step(SWITCHOVER, new, f"Have Patroni switch over to {new}", does, proof, _PATIENCE)


def verify_step(new: str) -> Step:
    return Step(VERIFY, new, f"Write to {new}", "One real write, committed to disk.", "the commit returns", _PATIENCE)


def followers_step(new: str) -> Step:
    does = "Patroni has every member follow the new leader; it is watched until they do."
    return Step(FOLLOWERS, new, f"See the others follow {new}", does, "/cluster: all on one timeline", _PATIENCE)


def _after(look: Look, new: str) -> tuple[Step, ...]:
    return verify_step(new), *traffic.redirect_steps(look.traffic, new), followers_step(new)


def _plan(
    look: Look,
    kind: str,
    old: str | None,
    new: str,
    do: tuple[Step, ...],
    checks: tuple[Check, ...],
    *,
    facts: tuple[tuple[str, str], ...],
    outage: float,
    loss: Loss,
    consequence: str,
    risks: tuple[str, ...] = (),
) -> Plan:
    known = [one.sql for one in look.state.servers if one.sql is not None]
    leader = look.patroni.leader
    return Plan(
        kind=kind,
        cluster=look.cluster.name,
        system_identifier=known[0].system_identifier if known else "",
        timeline=(leader.timeline if leader else None) or max((one.timeline for one in known), default=0),
        source=old,
        target=new,
        steps=do,
        checks=checks,
        outage_seconds=outage,
        loss=loss,
        risks=risks,
        facts=(BY, *facts),
        consequence=consequence,
    )


def _candidate(look: Look, server: str | None) -> PatroniMember:
    leader = look.patroni.leader
    if server is not None:
        found = look.patroni.member(server)
        if found is None:
            raise Misunderstood(f"Patroni has no member {server}: /cluster does not list it. Look: /ha status")
        return found
    others = [one for one in look.patroni.members if one.may_lead and (leader is None or one.name != leader.name)]
    if leader is None:
        others = [one for one in others if one.healthy]
    if not others:
        raise Misunderstood(f"Patroni knows nobody of {look.cluster.name} who could lead. Look: /ha status")
    return max(others, key=_rank)


def _rank(member: PatroniMember) -> tuple[bool, bool, bool, int]:
    lag = member.lag
    return member.healthy, member.role in ("sync_standby", "quorum_standby"), lag is not None, -(lag or 0)


def _checks(look: Look, leader: PatroniMember | None, candidate: PatroniMember) -> tuple[Check, ...]:
    return (
        _answers(look),
        *((_agrees(look, leader),) if leader else ()),
        _runs(candidate, streams=leader is not None),
        answers_sql(look.state.server(candidate.name)),
        _lag_is_small(look, candidate),
        _may_lead(candidate),
        *((_timeline(leader, candidate),) if leader else ()),
        _synchronous(look, candidate, switchover=leader is not None),
        _pause(look),
        *((_nothing_scheduled(look),) if look.patroni.scheduled else ()),
    )


def _answers(look: Look) -> Check:
    names = ", ".join(f"{one.name} {one.role} {one.state}" for one in look.patroni.members)
    return passed("patroni", "Patroni and its DCS answer", names or "no members")


def _agrees(look: Look, leader: PatroniMember) -> Check:
    """Patroni's word and PostgreSQL's own."""
    primaries = [one.name for one in look.state.servers if one.sql is not None and one.role is Role.PRIMARY]
    title = f"{leader.name} leads, and is the primary by SQL"
    evidence = f"Patroni: {leader.name}; by SQL: {', '.join(primaries) or 'nobody'}"
    return judged("leader", title, primaries == [leader.name], evidence, "Look at both before anything is done")


def _runs(candidate: PatroniMember, *, streams: bool) -> Check:
    title = f"{candidate.name} {'streams' if streams else 'runs'}"
    good = candidate.streams if streams else candidate.healthy
    return judged("candidate", title, good, f"Patroni says {candidate.state}", "Wait, or name another one")


def _lag_is_small(look: Look, candidate: PatroniMember) -> Check:
    limit = look.patroni.config.maximum_lag_on_failover
    title = f"{candidate.name} is not too far behind"
    if candidate.lag is None:
        return failed("lag", title, "Patroni does not know its lag. Look: /ha status")
    evidence = f"lag {bytes_text(candidate.lag)}, maximum_lag_on_failover {bytes_text(limit)}"
    return judged("lag", title, candidate.lag <= limit, evidence, "Patroni would refuse: wait, or name another one")


def _may_lead(candidate: PatroniMember) -> Check:
    title = f"{candidate.name} may lead"
    tags = ", ".join(f"{name}: {value}" for name, value in candidate.tags) or "no tags"
    return judged("tags", title, candidate.may_lead, tags, "Patroni will not promote it: name another one")


def _timeline(leader: PatroniMember, candidate: PatroniMember) -> Check:
    evidence = f"timelines {leader.timeline} and {candidate.timeline}"
    same = leader.timeline == candidate.timeline
    mend = f"Bring it back first: /ha rejoin {candidate.name}"
    return judged("timeline", "Both are on one timeline", same, evidence, mend)


def _synchronous(look: Look, candidate: PatroniMember, *, switchover: bool) -> Check:
    title = f"{candidate.name} is a synchronous standby, where Patroni wants one"
    rules = look.patroni.config
    if not rules.synchronous_mode:
        return passed("synchronous", title, "synchronous_mode is off")
    evidence = f"Patroni says {candidate.role}"
    if candidate.role in ("sync_standby", "quorum_standby"):
        return passed("synchronous", title, evidence)
    if switchover and not rules.quorum_commit:
        return failed("synchronous", title, f"{evidence}. Patroni would refuse: name the sync_standby")
    return warned("synchronous", title, f"{evidence}: it may lack acknowledged writes")


def _pause(look: Look) -> Check:
    title = "Patroni is not paused"
    if not look.patroni.paused:
        return passed("pause", title, "active")
    return warned("pause", title, "paused: it does this by request, but mends nothing by itself afterwards")


def _nothing_scheduled(look: Look) -> Check:
    found = look.patroni.scheduled
    at = at_text(found.at) if found else ""
    return warned("scheduled", "No other switchover is scheduled", f"one is, at {at}; this takes its place")


def _last_primary(look: Look, new: str) -> str | None:
    """Who led before: by the last look at it, else the one member that is not well."""
    seen = [one.name for one in look.state.servers if one.last_role is Role.PRIMARY and one.name != new]
    unwell = [one.name for one in look.patroni.members if not one.healthy and one.name != new]
    return next(iter(seen), None) or (unwell[0] if len(unwell) == 1 else None)


def _is_silent(look: Look, name: str) -> bool:
    state = look.state.server(name)
    return state.sql is None or state.role is Role.STANDBY
