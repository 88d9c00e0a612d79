"""The plan of a failover: the primary is down. It is fenced, the standby is promoted, and what may be lost is said."""

from commands.plan import Check, Plan, Step
from commands.promotion import steps, traffic
from commands.promotion.checks import (
    answers_sql,
    answers_ssh,
    has_room,
    sees_everything,
)
from commands.promotion.evidence import down_checks
from commands.promotion.fencing import fence_check, fence_facts, fence_risks, fence_steps
from commands.promotion.followers import following_checks, following_facts
from commands.promotion.loss import possible_loss
from commands.promotion.pair import Pair, failed, judged, lenient, passed, warned
from commands.promotion.synchronous import after_promotion, does_not_block
from ledger.quantities import bytes_text
from servers.lag import received_lsn
from servers.lsn import format_lsn
from servers.state import Role

OUTAGE = 1.0  # seconds from the last approval to accepted writes, at the most


def plan_failover(pair: Pair) -> Plan:
    """Pure: the same look gives the same plan."""
    sql = pair.new.sql
    last = pair.old.last_seen_at if pair.old.last_role is Role.PRIMARY else None
    return Plan(
        kind="failover",
        cluster=pair.cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=pair.source.name,
        target=pair.target.name,
        steps=_steps(pair),
        checks=_checks(pair),
        consequence=f"{pair.target.name} will become the primary",
        outage_seconds=OUTAGE,
        loss=possible_loss(pair),
        risks=fence_risks(pair),
        facts=(*fence_facts(pair.source), *following_facts(pair), *traffic.facts(pair.traffic, pair.target.name)),
        writes_seen_at=last,
    )


def _steps(pair: Pair) -> tuple[Step, ...]:
    old, new = pair.source.name, pair.target.name
    # What may not be fenced must at least not be reached through us when another one takes writes.
    turned_away = traffic.turn_away_steps(pair.traffic, old, new) if fence_risks(pair) else ()
    return (*fence_steps(pair), *turned_away, steps.promote(new), *after_promotion(pair))


def _checks(pair: Pair) -> tuple[Check, ...]:
    first = (*down_checks(pair), fence_check(pair), answers_sql(pair.new), lenient(answers_ssh(pair.new)))
    if pair.new.sql is None:
        return first  # of a standby that does not speak, nothing else can be known
    return (
        *first,
        lenient(sees_everything(pair.new)),
        _is_a_standby(pair),
        _same_system(pair),
        _right_timeline(pair),
        _has_the_most(pair),
        _replay_runs(pair),
        does_not_block(pair),
        has_room(pair.new),
        *following_checks(pair),
        *(lenient(check) for check in traffic.checks(pair.traffic, pair.source.name)),
    )


def _is_a_standby(pair: Pair) -> Check:
    title = f"{pair.target.name} is a standby"
    return judged("standby", title, pair.new.role is Role.STANDBY, f"it says: {pair.new.role}", "Look at /ha status")


def _same_system(pair: Pair) -> Check:
    """The old primary cannot be asked; its control file can, where its host answers."""
    title = "Both are copies of one system"
    new = pair.new.sql
    control = pair.old.host.control if pair.old.host else None
    if new is None:
        return failed("system_identifier", title, "cannot be compared")
    if control is None:
        return warned("system_identifier", title, f"only {pair.target.name} could be asked: {new.system_identifier}")
    evidence = f"system identifiers {control.system_identifier} and {new.system_identifier}"
    mend = "These are two different databases: correct the settings"
    return judged("system_identifier", title, control.system_identifier == new.system_identifier, evidence, mend)


def _right_timeline(pair: Pair) -> Check:
    """The old primary's control file knows the timeline of its last checkpoint: after a promotion, it lags behind."""
    title = f"{pair.target.name} is on the right timeline"
    new = pair.new.sql
    control = pair.old.host.control if pair.old.host else None
    if new is None:
        return failed("timeline", title, "not known")
    if control is None:
        return warned("timeline", title, f"it is on timeline {new.timeline}; that of {pair.source.name} is not known")
    evidence = f"{pair.source.name} had its last checkpoint on timeline {control.timeline}, it is on {new.timeline}"
    mend = f"{pair.target.name} did not follow {pair.source.name}: promoting it would lose more than the last moments"
    return judged("timeline", title, control.timeline <= new.timeline, evidence, mend)


def _has_the_most(pair: Pair) -> Check:
    """No other standby that answers may have more WAL. Only on one timeline can positions be compared."""
    title = f"{pair.target.name} has the most WAL"
    new = pair.new.sql
    mine = received_lsn(new) if new else None
    if new is None or mine is None:
        return failed("candidate", title, "what it has received is not known")
    evidence = f"received up to {format_lsn(mine)} on timeline {new.timeline}"
    others = {name: sql for name in pair.others if (sql := pair.state.server(name).sql) is not None and sql.in_recovery}
    newer = [name for name, sql in others.items() if sql.timeline > new.timeline]
    if newer:
        there = f"{newer[0]} is on timeline {others[newer[0]].timeline}"
        return failed("candidate", title, f"{evidence}, but {there}. Promote {newer[0]}")
    rivals = {
        name: theirs
        for name, sql in others.items()
        if sql.timeline == new.timeline and (theirs := received_lsn(sql)) is not None
    }
    best = max(rivals, key=lambda name: rivals[name], default=None)
    if best is not None and rivals[best] > mine:
        by = bytes_text(rivals[best] - mine)
        return failed("candidate", title, f"{evidence}, but {best} is {by} ahead. Promote {best}")
    silent = [name for name in pair.others if name not in others]
    if silent:
        return warned("candidate", title, f"{evidence}; what {', '.join(silent)} has is not known")
    return passed("candidate", title, evidence)


def _replay_runs(pair: Pair) -> Check:
    """A promotion ends a pause (pg_promote replays what is there first), so this is no obstacle."""
    title = f"Replay runs on {pair.target.name}"
    sql = pair.new.sql
    if sql is not None and sql.replay_paused:
        return warned("replay", title, "paused; the promotion ends the pause and replays the rest, which takes longer")
    return passed("replay", title, "not paused")
