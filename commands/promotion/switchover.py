"""The plan of a switchover: the primary is healthy, hands over, and becomes the standby. Nothing may be lost."""

from commands.plan import Check, Loss, Plan, Step
from commands.promotion import steps, traffic
from commands.promotion.checks import (
    answers_sql,
    answers_ssh,
    has_room,
    sees_everything,
)
from commands.promotion.examining import NOT_EXAMINED, Examined
from commands.promotion.followers import following_checks, following_facts
from commands.promotion.pair import Pair, failed, judged, passed, sender_row, warned
from commands.promotion.readiness_checks import readiness_checks
from commands.promotion.synchronous import after_promotion, does_not_block
from ledger.quantities import bytes_text, seconds_text
from servers.lag import replay_lag_bytes

LAG_LIMIT = 16_000_000  # bytes, about a WAL segment; what is missing is sent and replayed within the outage
RECEIVER_LIMIT = 60.0  # seconds without a message: wal_receiver_timeout's default, after which it gives up
OUTAGE = 1.0  # seconds to expect for stop, proof and promotion when nothing lags
CHECKPOINT_RATE = 20e6  # bytes a second that a checkpoint writes out at the least, on a disk that is busy
CHECKPOINT_SOON = 30.0  # seconds; whoever approves is told of a longer one
REPLAY_RATE = 50e6  # bytes a second that a standby replays at the least


def plan_switchover(pair: Pair, examined: Examined = NOT_EXAMINED) -> Plan:
    """Pure: the same look gives the same plan."""
    sql = pair.old.sql
    lag = replay_lag_bytes(pair.old.sql, pair.new.sql)
    return Plan(
        kind="switchover",
        cluster=pair.cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=pair.source.name,
        target=pair.target.name,
        steps=_steps(pair),
        checks=_checks(pair, examined),
        facts=(*following_facts(pair), *traffic.facts(pair.traffic, pair.target.name)),
        consequence=f"{pair.target.name} will become the primary{traffic.unheld(pair.traffic)}",
        outage_seconds=OUTAGE + (lag or 0) / REPLAY_RATE,
        loss=Loss(
            bytes=0,
            seconds=0.0,
            explanation=f"{pair.target.name} is promoted only once it has replayed everything, the shutdown included.",
        ),
    )


def _steps(pair: Pair) -> tuple[Step, ...]:
    old, new, slot = pair.source.name, pair.target.name, pair.source.slot
    return (
        steps.checkpoint(old, new),
        *traffic.hold_steps(pair.traffic, old),
        steps.stop(old),
        steps.prove(old, new),
        steps.promote(new),
        *after_promotion(pair),
        *((steps.slot(old, new, slot),) if slot else ()),
        steps.rejoin(old, new),
    )


def _checks(pair: Pair, examined: Examined) -> tuple[Check, ...]:
    first = (answers_sql(pair.old), answers_sql(pair.new), answers_ssh(pair.old), answers_ssh(pair.new))
    if pair.old.sql is None or pair.new.sql is None:
        return first  # of a server that does not speak, nothing else can be known
    return (
        *first,
        sees_everything(pair.old),
        sees_everything(pair.new),
        _same_system(pair),
        _same_timeline(pair),
        _streams(pair),
        _receiver_is_live(pair),
        _replay_runs(pair),
        _lag_is_small(pair),
        _checkpoint_is_near(pair),
        _slot_is_kept(pair),
        _rewind_would_work(pair),
        _archive_works(pair),
        does_not_block(pair),
        has_room(pair.old),
        has_room(pair.new),
        *readiness_checks(pair, examined),
        *following_checks(pair),
        *traffic.checks(pair.traffic, pair.source.name),
    )


def _same_system(pair: Pair) -> Check:
    title = "Both are copies of one system"
    old, new = pair.old.sql, pair.new.sql
    if old is None or new is None:
        return failed("system_identifier", title, "cannot be compared")
    evidence = f"system identifiers {old.system_identifier} and {new.system_identifier}"
    mend = "These are two different databases: correct the settings"
    return judged("system_identifier", title, old.system_identifier == new.system_identifier, evidence, mend)


def _same_timeline(pair: Pair) -> Check:
    title = "Both are on one timeline"
    old, new = pair.old.sql, pair.new.sql
    if old is None or new is None:
        return failed("timeline", title, "cannot be compared")
    evidence = f"timelines {old.timeline} and {new.timeline}"
    mend = f"{pair.target.name} must follow {pair.source.name} first: /ha rejoin {pair.target.name}"
    return judged("timeline", title, old.timeline == new.timeline, evidence, mend)


def _streams(pair: Pair) -> Check:
    title = f"{pair.target.name} streams from {pair.source.name}"
    row = sender_row(pair)
    evidence = f"pg_stat_replication says {row.state}, {row.sync_state}" if row else "no row in pg_stat_replication"
    mend = "Without streaming nothing can promise that no write is lost"
    return judged("streaming", title, row is not None and row.state == "streaming", evidence, mend)


def _receiver_is_live(pair: Pair) -> Check:
    title = f"The receiver of {pair.target.name} is live"
    receiver = pair.new.sql.receiver if pair.new.sql else None
    if receiver is None:
        return failed("receiver", title, "pg_stat_wal_receiver is empty")
    age = receiver.last_message_age_seconds
    heard = "no message yet" if age is None else f"last message {seconds_text(max(age, 0.0))} ago"
    good = receiver.status == "streaming" and age is not None and age <= RECEIVER_LIMIT
    return judged("receiver", title, good, f"{receiver.status}, {heard}", "Look at the standby's log")


def _replay_runs(pair: Pair) -> Check:
    title = f"Replay runs on {pair.target.name}"
    sql = pair.new.sql
    paused = sql is None or sql.replay_paused
    evidence = "not known" if sql is None else "paused" if paused else "not paused"
    return judged("replay", title, not paused, evidence, f"Run pg_wal_replay_resume() on {pair.target.name}")


def _lag_is_small(pair: Pair) -> Check:
    title = f"{pair.target.name} has replayed nearly everything"
    lag = replay_lag_bytes(pair.old.sql, pair.new.sql)
    if lag is None:
        return failed("lag", title, "the replay lag is not known")
    evidence = f"replay lag {bytes_text(lag)}, limit {bytes_text(LAG_LIMIT)}"
    return judged("lag", title, lag <= LAG_LIMIT, evidence, "It would be caught up within the outage: wait")


def _checkpoint_is_near(pair: Pair) -> Check:
    """How long the checkpoint before the outage takes. What is dirty was written to WAL since the last one began."""
    old = pair.source.name
    title = f"A checkpoint on {old} does not take long"
    control = pair.old.host.control if pair.old.host else None
    at = pair.old.sql.wal_lsn if pair.old.sql else None
    if control is None or at is None:
        return warned("checkpoint", title, f"how far its last one is behind is not known; it has {steps.LONG:.0f} s")
    behind = max(0, at - control.redo_lsn)
    seconds = behind / CHECKPOINT_RATE
    evidence = (
        f"{bytes_text(behind)} of WAL since its last one: at most about {seconds_text(seconds)}, while clients go on"
    )
    if seconds > steps.LONG:
        longest = f"it has {seconds_text(steps.LONG)}, else nothing is done"
        return warned("checkpoint", title, f"{evidence}; {longest}. Run CHECKPOINT on {old} first")
    return (warned if seconds > CHECKPOINT_SOON else passed)("checkpoint", title, evidence)


def _slot_is_kept(pair: Pair) -> Check:
    title = f"{pair.source.name} keeps WAL for {pair.target.name}"
    sql = pair.old.sql
    name = pair.target.slot
    if sql is None or name is None:
        return warned("slot", title, "no slot is set for it; it depends on wal_keep_size")
    slot = next((one for one in sql.slots if one.name == name), None)
    if slot is None:
        return warned("slot", title, f"{pair.source.name} has no slot “{name}”")
    evidence = f"slot “{name}” is {'active' if slot.active else 'not active'}, WAL {slot.wal_status or 'not known'}"
    if slot.wal_status == "lost":
        return failed("slot", title, f"{evidence}. Make it anew: /ha standby rebuild {pair.target.name}")
    return passed("slot", title, evidence) if slot.active else warned("slot", title, evidence)


def _rewind_would_work(pair: Pair) -> Check:
    """pg_rewind needs one of them on the server that is to be rewound; a clean switchover does not need pg_rewind."""
    title = f"pg_rewind would work on {pair.source.name}"
    sql = pair.old.sql
    if sql is not None and (sql.data_checksums or sql.wal_log_hints):
        return passed("rewind", title, "data checksums" if sql.data_checksums else "wal_log_hints")
    return warned("rewind", title, "neither data checksums nor wal_log_hints; only a new copy could mend a mishap")


def _archive_works(pair: Pair) -> Check:
    """A stop waits for the archiver to hand over what is left: a failing one makes the outage longer."""
    title = f"WAL archiving works on {pair.source.name}"
    archiver = pair.old.sql.archiver if pair.old.sql else None
    if archiver is None or archiver.mode == "off":
        return warned("archive", title, "archive_mode is off")
    failed_age, good_age = archiver.last_failed_age_seconds, archiver.last_archived_age_seconds
    if failed_age is not None and (good_age is None or failed_age < good_age):
        return warned(
            "archive", title, f"the last try failed {seconds_text(max(failed_age, 0.0))} ago; the stop may wait"
        )
    if good_age is None:
        return passed("archive", title, "nothing was archived yet, nothing failed")
    return passed("archive", title, f"last archived {seconds_text(max(good_age, 0.0))} ago")
