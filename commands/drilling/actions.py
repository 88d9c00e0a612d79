"""The code behind the steps of a drill that are its own: marking where it began, proving, dropping."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from commands.acting import engine_says, time_of, untold
from commands.backing_up.actions import ACTIONS as BACKING_UP
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.drilling.judging import ACTIONS as JUDGING
from commands.drilling.judging import wanted
from commands.drilling.trend import SHOWN, history
from commands.looking import look
from commands.restoring.acting import place_of
from commands.restoring.actions import ACTIONS as RESTORING
from commands.restoring.ending import yielding
from ledger.drills import RPO, RTO, drills
from ledger.instances import instance_is_gone
from ledger.quantities import count_text
from servers.backups.instances import InstanceState
from servers.backups.proof import Proof
from servers.engines.engine import ActionFailed
from servers.lsn import Lsn, format_lsn, parse_lsn
from servers.state import Role

# What later steps and the report need, by name.
BEGAN_AT, BEGAN_LSN, BEGAN_BEAT = "drill_began_at", "drill_began_lsn", "drill_began_beat"
HEARTBEAT = "drill_heartbeat"  # the last one that came back
DROPPED = "drill_dropped"
PROVEN, CHECKED = "proven", "amcheck"


async def mark(context: StepContext) -> StepOutcome:
    """Where the primary is does not have to be known: without it the RPO is only bounded from above."""
    at = context.world.now()
    state = await look(context.world, context.cluster)
    lsns = [one.sql.wal_lsn for one in state.servers if one.role is Role.PRIMARY and one.sql and one.sql.wal_lsn]
    found = {BEGAN_AT: at.isoformat(), **({BEGAN_LSN: format_lsn(lsns[0])} if len(lsns) == 1 else {})}
    where = f", the primary is at {found[BEGAN_LSN]}" if BEGAN_LSN in found else ", where the primary is is not known"
    beat = await _beat(context)
    found |= {**wanted(context.cluster.drilling.objectives), **({BEGAN_BEAT: beat.isoformat()} if beat else {})}
    return StepOutcome(f"It begins at {at:%H:%M:%S} UTC{where}.", found=found)


async def _beat(context: StepContext) -> datetime | None:
    """A heartbeat at the moment that the drill begins, by the primary's own clock; None: there is none."""
    heart = context.world.heartbeats.of(context.cluster.name)
    if heart is None:
        return None
    try:
        return await heart.beat()
    except ActionFailed as failed:
        context.say(f"Without the heartbeat the RPO goes by the last transaction: {failed}")
        return None


async def prove(context: StepContext) -> StepOutcome:
    """Raises StepFailed where anything cannot be read; then what was restored is left for a look."""
    place = place_of(context)
    state = await engine_says(context.world.instances.look(place))
    limits, heart = context.cluster.drilling.rows, context.cluster.heartbeat
    database = heart.database if heart is not None else ""
    proof = await engine_says(context.world.instances.prove(place, limits, database, timeout=time_of(context)))
    if not proof.holds:
        left = f"It is left for a look in {place.directory}; to remove it: /ha restore drop {context.operation}"
        raise StepFailed(f"{_what_is_wrong(proof)}. {left}", exit_status=1, output="\n".join(proof.broken))
    held = await context.world.ledger.read(lambda db: drills(db, context.cluster.name, limit=SHOWN))
    measured = {**history(held, context.world.now()), **_measured(context, state, proof)}
    found = {PROVEN: _proven(proof), CHECKED: _checked(proof), **measured}
    return StepOutcome(f"{found[PROVEN]}. Indexes: {found[CHECKED]}.", 0, "", found)


async def drop(context: StepContext) -> StepOutcome:
    """What this drill made, by its own key, and nothing else."""
    place, instances = place_of(context), context.world.instances
    if (await engine_says(instances.look(place))).running:
        await engine_says(instances.stop(place))
    there = await engine_says(instances.drop(place, timeout=time_of(context)))
    at = context.world.now()
    await context.world.ledger.write(lambda db: instance_is_gone(db, place.operation, at))
    return StepOutcome(f"{place.directory} {'is removed' if there else 'was gone already'}.", 0, "", {DROPPED: "yes"})


async def is_dropped(context: StepContext) -> bool:
    return not (await engine_says(context.world.instances.look(place_of(context)))).there


def _until_dropped(action: Action) -> Action:
    """Whether it still holds is no question any more once what was restored is dropped, as it was meant to be."""

    async def already_done(context: StepContext) -> bool | None:
        return None if DROPPED in context.found else await action.already_done(context)

    return replace(action, already_done=already_done)


ACTIONS: Mapping[str, Action] = {
    **{
        name: _until_dropped(yielding(action, for_practice=True))
        for name, action in RESTORING.items()
        if name != "drop"
    },
    "verify_backup": BACKING_UP["verify_backup"],
    "mark_drill": Action(mark, untold, repeatable=True, obstacle=lambda standing: None),
    "prove_restored": yielding(
        Action(prove, untold, repeatable=True, obstacle=lambda standing: None), for_practice=True
    ),
    **JUDGING,
    "drop_drilled": Action(drop, is_dropped, repeatable=True, obstacle=lambda standing: None),
}


def rpo_seconds(began_at: datetime, began_lsn: Lsn | None, lsn: Lsn | None, last_at: datetime | None) -> float | None:
    """What would have been lost had the primary gone for good when the drill began, in seconds; None: cannot be told.

    Nothing where the archive led past the primary's position of that moment. Otherwise at most the time since the last
    transaction that came back: less where nobody wrote anything.
    """
    if began_lsn is not None and lsn is not None and lsn >= began_lsn:
        return 0.0
    return max(0.0, (began_at - last_at).total_seconds()) if last_at is not None else None


def _measured(context: StepContext, state: InstanceState, proof: Proof) -> dict[str, str]:
    """By the heartbeat, where one was written when the drill began and one came back: it needs no guess."""
    began, lsn, beat = (context.found.get(name) for name in (BEGAN_AT, BEGAN_LSN, BEGAN_BEAT))
    if began is None:
        return {}
    began_at = datetime.fromisoformat(began)
    rto = (context.world.now() - began_at).total_seconds()
    found = {RTO: f"{rto:.1f}"}
    if beat is not None and proof.beaten_at is not None:
        lost = max(0.0, (datetime.fromisoformat(beat) - proof.beaten_at).total_seconds())
        return {**found, RPO: f"{lost:.1f}", HEARTBEAT: proof.beaten_at.isoformat()}
    rpo = rpo_seconds(began_at, parse_lsn(lsn) if lsn else None, state.lsn, state.replayed_at)
    return {**found, **({RPO: f"{rpo:.1f}"} if rpo is not None else {})}


def _what_is_wrong(proof: Proof) -> str:
    if proof.broken:
        return f"What came back cannot be read: {proof.broken[0]}"
    if proof.out_of_limits:
        return f"What came back is not as it must be: {'; '.join(proof.out_of_limits)}"
    if proof.checksum_failures:
        return f"{count_text(proof.checksum_failures, 'page')} of what came back failed its checksum"
    return "The restored instance has no database that could be read"


def _proven(proof: Proof) -> str:
    databases = count_text(len(proof.databases), "database")
    tables, rows = sum(one.counted for one in proof.databases), sum(one.rows for one in proof.databases)
    statements = sum(one.statements for one in proof.databases)
    every = sum(one.tables for one in proof.databases)
    limits = f", {count_text(len(proof.counted), 'table')} within limits" if proof.counted else ""
    read = f"{rows} rows in {tables} of {count_text(every, 'table')}"
    return f"{databases}: {read}, schema of {statements} statements{limits}"


def _checked(proof: Proof) -> str:
    checked = [one.indexes for one in proof.databases if one.indexes is not None]
    return f"{sum(checked)} in order (amcheck)" if checked else "not checked, amcheck is not installed"
