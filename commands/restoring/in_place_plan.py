"""The plan of a restore in place: recovered beside while clients go on, then put in the place of what they have."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from commands.plan import Check, Loss, Plan, Step
from commands.promotion import traffic
from commands.promotion.pair import failed, passed, warned
from commands.promotion.traffic import TargetSeen
from commands.rejoining.steps import job_timeout
from commands.restoring import in_place_steps as steps
from commands.restoring.checks import instance_checks
from commands.restoring.in_place_actions import FOLLOWS
from commands.restoring.plans import instance_steps, system_of, target_facts
from commands.restoring.seen import Seen
from ledger.quantities import bytes_text, count_text, seconds_text
from servers.backups.archive import segment_start
from servers.backups.recovery import target_text
from servers.views import views_of

OUTAGE = 15.0  # seconds to expect for stop, two renames, recovery from the last restart point, and promotion
TABLESPACES_GO = ".restore-OPERATION.tablespaces"  # beside the data directory
SAFE_WITHIN = timedelta(minutes=15)  # the estate's RPO: how old the newest archived WAL may be


def plan_in_place(seen: Seen, targets: Sequence[TargetSeen], now: datetime) -> Plan:
    """Pure."""
    here, target = seen.host.name, target_text(seen.target)
    sql = seen.state.server(here).sql
    data = seen.host.service.data_directory
    return Plan(
        kind="restore",
        cluster=seen.cluster.name,
        system_identifier=system_of(seen.state),
        timeline=sql.timeline if sql else 0,
        source=target,
        target=here,
        steps=_steps(seen, targets, now),
        checks=(*instance_checks(seen, now), *_checks(seen, now), *traffic.checks(targets, here)),
        outage_seconds=OUTAGE,
        loss=_loss(seen, now),
        risks=(
            f"Everything that was written to {seen.cluster.name} after {target} is taken away from its clients. It "
            "stays in the old data directory, which is kept.",
        ),
        facts=(
            *target_facts(seen),
            (FOLLOWS, here),
            ("data directory", f"{data} is moved aside, and kept"),
            *tablespace_facts(seen),
            *traffic.facts(targets, here),
        ),
        consequence=f"{seen.cluster.name} will be as of {target}; everything after that is taken back",
    )


def _steps(seen: Seen, targets: Sequence[TargetSeen], now: datetime) -> tuple[Step, ...]:
    here, held = seen.host.name, [each.target for each in targets if each.target.holding is not None]
    others = _standbys(seen)
    timeout = job_timeout(seen.size)
    return (
        *instance_steps(seen, now),
        *(steps.hold(target, here) for target in held),
        *(steps.stop_standby(name) for name in others),
        *((steps.stop_live(here),) if seen.running else ()),
        steps.swap(here),
        steps.start_restored(here),
        steps.promote(here),
        steps.write(here),
        *(steps.release(target, here) for target in held),
        steps.settle(here),
        *(step for name in others for step in _rebuild(name, here, timeout)),
    )


def _rebuild(name: str, primary: str, timeout: float) -> tuple[Step, ...]:
    return (
        steps.rebuild_copy(name, primary, timeout),
        steps.rebuild_place(name),
        steps.rebuild_start(name, primary),
    )


def _standbys(seen: Seen) -> tuple[str, ...]:
    """Those that run: what is down already is brought back by whoever knows why it is."""
    return tuple(
        one.name for one in seen.state.servers if one.name != seen.host.name and one.sql and one.sql.in_recovery
    )


def _checks(seen: Seen, now: datetime) -> tuple[Check, ...]:
    return (can_move(seen), _safety(seen, now), connected(seen), _nobody_else(seen), _does_not_block(seen))


def can_move(seen: Seen) -> Check:
    title = f"The data directory of {seen.host.name} can be moved aside"
    facts = seen.directory
    if facts is None:
        return failed("aside", title, seen.problems.get("directory", "not seen"))
    if facts.obstacle:
        return failed("aside", title, facts.obstacle)
    if facts.tablespaces:
        places = ", ".join(facts.tablespaces)
        new = f"{seen.host.service.data_directory}{TABLESPACES_GO}"
        evidence = f"its tablespaces ({places}) stay, with the old one; the restored ones are in {new}, on that disk"
        return warned("aside", title, evidence)
    return passed("aside", title, "it is kept, on its disk")


def tablespace_facts(seen: Seen) -> tuple[tuple[str, str], ...]:
    """Neither the old ones nor what they are mounted on is touched: each of the two directories has its own."""
    if seen.directory is None or not seen.directory.tablespaces:
        return ()
    return (("tablespaces", f"are in {seen.host.service.data_directory}{TABLESPACES_GO}; the old ones stay"),)


def _safety(seen: Seen, now: datetime) -> Check:
    """Two ways back: the directory that is moved aside, and the newest backup with the WAL after it."""
    title = "What is taken back can be had again"
    last = seen.window.windows[-1] if seen.window.windows else None
    kept = "the old data directory is kept whole"
    if last is None or last.end_at is None:
        return warned("safety", title, f"{kept}; the archive does not tell how far it goes")
    age = max(now - last.end_at, timedelta())
    evidence = f"{kept}; besides, {last.backups[-1].name} and the archive, up to {seconds_text(age)} ago"
    return passed("safety", title, evidence) if age <= SAFE_WITHIN else warned("safety", title, evidence)


def connected(seen: Seen) -> Check:
    title = f"Who is connected to {seen.host.name}"
    use = seen.in_use
    if use is None:
        return warned("connected", title, seen.problems.get("in_use", "not known"))
    long = f", {count_text(len(use.long_transactions), 'long transaction')}" if use.long_transactions else ""
    evidence = f"{count_text(use.sessions, 'session')}{long}: they are ended"
    return warned("connected", title, evidence) if use.sessions else passed("connected", title, "nobody")


def _does_not_block(seen: Seen) -> Check:
    """Every standby is stopped meanwhile, and follows again only once it was copied anew: that may take hours."""
    title = f"Commits will not block on {seen.host.name}"
    sql = seen.state.server(seen.host.name).sql
    if sql is None:
        return warned("synchronous", title, "synchronous_standby_names is not known")
    if not sql.synchronous_standby_names.strip():
        return passed("synchronous", title, "synchronous_standby_names is empty")
    mend = "No commit would return until a standby was copied anew: set it to '' there and reload"
    return failed("synchronous", title, f"synchronous_standby_names is “{sql.synchronous_standby_names}”. {mend}")


def _nobody_else(seen: Seen) -> Check:
    """Who is not seen may take writes: beside a live primary that is said, without one nothing is opened beside it."""
    title = "No other server takes writes"
    others = [view for view in views_of(seen.cluster, seen.state) if view.name != seen.host.name]
    writing = [view.name for view in others if view.runs_as_primary]
    if writing:
        return failed("only_primary", title, f"{', '.join(writing)}. Decide which one is right first")
    unseen = ", ".join(view.name for view in others if view.unknown)
    if unseen and seen.primary is None:
        return failed("only_primary", title, f"{unseen} cannot be seen, and may take writes. Fence it first: /ha fence")
    coming = "" if seen.primary else ", ".join(view.name for view in others if not view.surely_standby)
    if coming:
        mend = "Fence it first: /ha fence"
        return failed("only_primary", title, f"{coming} is down, and comes up as a primary once it is started. {mend}")
    if unseen:
        return warned("only_primary", title, f"{unseen} cannot be seen")
    return passed("only_primary", title, "none is seen to")


def _loss(seen: Seen, now: datetime) -> Loss:
    """As far as can be told beforehand; how many transactions is counted once it is recovered beside."""
    runs, live = seen.serving.segments, seen.live
    end = segment_start(runs[-1].last, seen.archive.segment_size) if runs else seen.serving.backup.end_lsn
    size = max(live.lsn - end, 0) if live is not None and end is not None else None
    seconds = max((now - seen.target.at).total_seconds(), 0.0) if seen.target.at else None
    since = f", the last {seconds_text(seconds)}" if seconds is not None else ""
    amount = f", at most {bytes_text(size)} of WAL" if size is not None else ""
    explanation = (
        f"Everything after {target_text(seen.target)}{since}{amount}. How many transactions that is, is counted before "
        "clients are held."
    )
    return Loss(None, seconds, explanation)
