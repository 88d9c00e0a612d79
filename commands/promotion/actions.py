"""The code behind the steps of a promotion: the engine does each and proves it."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from commands.acting import engine_says, outcome_of, server_of, time_of, untold
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.looking import glance, look
from commands.promotion import fencing, readying, traffic
from commands.promotion.going_on import cannot_promote, cannot_stop, is_no_primary
from servers.engines.engine import ActionFailed, StopMode
from servers.inventory import Server
from servers.lsn import format_lsn, parse_lsn
from servers.state import ControlData, Role, ServerState
from servers.topology import upstream_of

T = TypeVar("T")

# What the report needs of the steps, by name.
WRITES_STOPPED = "writes_stopped_at"
WRITES_ACCEPTED = "writes_accepted_at"
TIMELINE = "timeline"

# What stop tells prove.
CHECKPOINT, SYSTEM, OLD_TIMELINE = "shutdown_checkpoint", "system_identifier", "old_timeline"
MARKED = "marked_at"

IN_PRODUCTION = "in production"
CLEAN = "shut down"  # pg_controldata's state after a clean stop of a primary
STOP_WORD_SECONDS = 5.0  # between two words on a stop that takes long
WATCH_PAUSE = 0.2  # seconds between looks at a server that comes by itself
_MARK_IS_FRESH = timedelta(seconds=30)  # after that somebody may have taken it away
_PROOF_SECONDS = 2.0  # for a standby that has everything to say so


async def stop(context: StepContext) -> StepOutcome:
    """The old primary, fast. Writes are refused from the moment that this is asked for."""
    at = context.world.now()
    engine = context.world.engine
    stopping = engine.stop(server_of(context), StopMode.FAST, mark=True, timeout=time_of(context))
    stopped = await engine_says(_told_while(context, stopping))
    control = stopped.control
    if control is None or control.state != CLEAN:
        state = control.state if control else "not known"
        raise StepFailed(
            f"{context.step.server} did not shut down cleanly: pg_controldata says “{state}”. {stopped.detail}",
            exit_status=stopped.exit_status,
            output=stopped.output,
        )
    # What the next step needs, so that it does not have to ask for it within the outage.
    seen = {CHECKPOINT: format_lsn(control.checkpoint_lsn), SYSTEM: control.system_identifier}
    if stopped.marked:
        seen[MARKED] = context.world.now().isoformat()
    return outcome_of(stopped, {WRITES_STOPPED: at.isoformat(), OLD_TIMELINE: str(control.timeline), **seen})


async def _told_while(context: StepContext, stopping: Awaitable[T]) -> T:
    """A stop that takes its time says so: nobody takes writes meanwhile, and somebody waits for it."""
    work = asyncio.ensure_future(stopping)
    begun = context.world.now()
    try:
        while not (await asyncio.wait({work}, timeout=STOP_WORD_SECONDS))[0]:
            waited = (context.world.now() - begun).total_seconds()
            given_up = f"given up after {time_of(context):.0f} s, and {context.step.server} started again"
            context.say(f"{context.step.server} is still stopping after {waited:.0f} s; {given_up}")
        return work.result()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def start_again(context: StepContext) -> StepOutcome:
    """Undoes the stop: the old primary is the primary again, unless somebody else has promoted the standby by now."""
    target = (await look(context.world, context.cluster)).server(context.plan.target)
    if context.resumed and not _surely_no_primary(target):
        raise StepFailed(
            f"Whether {target.name} was promoted meanwhile cannot be seen: {context.plan.source} stays down, for two "
            f"servers might take writes. Look at {target.name}; if it is a standby, start {context.plan.source}"
        )
    if _is_primary(target):
        raise StepFailed(
            f"{target.name} is a primary by now, and not by this order: {context.plan.source} stays down, "
            "for two servers would take writes. Look at both."
        )
    return outcome_of(await engine_says(context.world.engine.start(_source(context), timeout=time_of(context))))


async def prove(context: StepContext) -> StepOutcome:
    """The standby has the shutdown checkpoint, and the old primary would not come back writable."""
    engine, source = context.world.engine, _source(context)
    control = await _control(context, source)
    if _was_marked_just_now(context):
        return outcome_of(
            await engine_says(engine.wait_replayed(server_of(context), control, timeout=time_of(context)))
        )
    # Both to their end, also when one of them fails: a mark that comes late would undo the undoing.
    replayed, marked = await asyncio.gather(
        engine_says(engine.wait_replayed(server_of(context), control, timeout=time_of(context))),
        engine_says(engine.mark_fenced(source, timeout=time_of(context))),
        return_exceptions=True,
    )
    if isinstance(replayed, BaseException):
        raise replayed
    if isinstance(marked, BaseException):
        raise marked
    return StepOutcome(replayed.detail, marked.exit_status, f"{replayed.output}{marked.output}")


async def promote(context: StepContext) -> StepOutcome:
    promoted = await engine_says(context.world.engine.promote(server_of(context), timeout=time_of(context)))
    return outcome_of(promoted, {TIMELINE: str(promoted.timeline)})


async def verify(context: StepContext) -> StepOutcome:
    """A write that is really committed. The outage ends when it returns."""
    note = f"understudy {context.plan.kind} {context.plan.hash[:12]}"
    written = await engine_says(context.world.engine.verify_write(server_of(context), note, timeout=time_of(context)))
    return outcome_of(written, {WRITES_ACCEPTED: context.world.now().isoformat()})


async def slot(context: StepContext) -> StepOutcome:
    name = _source(context).slot
    if name is None:
        raise StepFailed(f"No slot is set for {context.plan.source} any more. Add it to the settings, then rejoin it.")
    return outcome_of(
        await engine_says(context.world.engine.ensure_slot(server_of(context), name, timeout=time_of(context)))
    )


async def rejoin(context: StepContext) -> StepOutcome:
    upstream = context.cluster.server(context.plan.target)
    engine = context.world.engine
    return outcome_of(
        await engine_says(engine.start_as_standby(server_of(context), upstream, timeout=time_of(context)))
    )


async def follow(context: StepContext) -> StepOutcome:
    upstream = context.cluster.server(context.plan.target)
    return outcome_of(
        await engine_says(context.world.engine.follow(server_of(context), upstream, timeout=time_of(context)))
    )


async def keep_up(context: StepContext) -> StepOutcome:
    """A standby behind another one reaches the new timeline by itself: it is watched until it has."""
    async with asyncio.timeout(time_of(context)):
        while not await follows(context):
            context.say(f"{context.step.server} is not on the new timeline yet")
            await asyncio.sleep(WATCH_PAUSE)
    return StepOutcome(f"{context.step.server} streams on the new timeline")


async def is_stopped(context: StepContext) -> bool:
    """Cleanly, and nothing of it is left: a server that is still stopping is not stopped."""
    proof = await engine_says(context.world.engine.fence_proof(server_of(context)))
    return proof.holds and proof.control is not None and proof.control.state == CLEAN


async def is_proved(context: StepContext) -> bool:
    """The proof must hold at this moment: whoever asks is about to promote."""
    engine, source = context.world.engine, _source(context)
    proof = await engine_says(engine.fence_proof(source))
    if not (proof.holds and proof.standby_signal and proof.control is not None and proof.control.state == CLEAN):
        return False
    try:
        await engine.wait_replayed(server_of(context), proof.control, timeout=_PROOF_SECONDS)
    except ActionFailed:
        return False
    return True


async def is_promoted(context: StepContext) -> bool:
    return _role(await _look_here(context)) is Role.PRIMARY


async def is_standby(context: StepContext) -> bool:
    return _role(await _look_here(context)) is Role.STANDBY


async def follows(context: StepContext) -> bool:
    """It streams, on the timeline of the new primary, from whom the plan says."""
    state = await glance(context.world, context.cluster)
    new, own = state.server(context.plan.target).sql, state.server(context.step.server).sql
    if new is None or own is None or own.receiver is None:
        return False
    wanted = dict(context.plan.facts).get(f"{context.step.server} follows", context.plan.target)
    from_whom = upstream_of(context.cluster, state, context.step.server)
    streams = own.in_recovery and own.receiver.status == "streaming" and own.timeline == new.timeline
    return streams and not new.in_recovery and from_whom in (wanted, None)


ACTIONS: Mapping[str, Action] = {
    "checkpoint": Action(readying.checkpoint, untold, repeatable=True),
    "stop": Action(stop, is_stopped, undo=start_again, repeatable=True, obstacle=cannot_stop, silences=True),
    "prove": Action(prove, is_proved, repeatable=True, obstacle=cannot_promote),
    fencing.BY_SSH: Action(fencing.fence, fencing.is_fenced, repeatable=True),
    fencing.BY_SSH_OR_HOOK: Action(fencing.fence_or_hook, fencing.is_fenced_or_off, repeatable=True),
    "promote": Action(promote, is_promoted, final=True, repeatable=True, obstacle=cannot_promote),
    # Whatever becomes of the first write, clients belong to the new primary, and the standbys behind it.
    "verify": Action(verify, untold, goes_on=True, repeatable=True, obstacle=is_no_primary),
    "slot": Action(slot, untold, repeatable=True, obstacle=is_no_primary),
    "rejoin": Action(rejoin, is_standby, repeatable=True, obstacle=is_no_primary),
    "follow": Action(follow, follows, optional=True, repeatable=True, obstacle=is_no_primary),
    "keep_up": Action(keep_up, follows, optional=True, repeatable=True, obstacle=is_no_primary),
    **traffic.ACTIONS,
}


def _was_marked_just_now(context: StepContext) -> bool:
    at = context.found.get(MARKED)
    return at is not None and context.world.now() - datetime.fromisoformat(at) < _MARK_IS_FRESH


async def _control(context: StepContext, source: Server) -> ControlData:
    found = context.found
    if CHECKPOINT in found:
        lsn = parse_lsn(found[CHECKPOINT])
        return ControlData(CLEAN, found[SYSTEM], int(found[OLD_TIMELINE]), lsn, lsn)
    control = await engine_says(context.world.engine.control_data(source))
    if control.state != CLEAN:
        raise StepFailed(f"{source.name} is not shut down cleanly any more: pg_controldata says “{control.state}”.")
    return control


async def _look_here(context: StepContext) -> ServerState:
    state = (await look(context.world, context.cluster)).server(context.step.server)
    if state.sql is None:
        raise StepFailed(f"{context.step.server} cannot be asked: {state.sql_answer.how}.")
    return state


def _role(state: ServerState) -> Role:
    return state.role


def _is_primary(state: ServerState) -> bool:
    """By what it says, else by what its host says."""
    control = state.host.control if state.host is not None and state.host.postmaster_pid is not None else None
    return _role(state) is Role.PRIMARY or (control is not None and control.state == IN_PRODUCTION)


def _surely_no_primary(state: ServerState) -> bool:
    if state.sql is not None:
        return state.role is Role.STANDBY
    host = state.host
    down = host is not None and host.postmaster_pid is None
    return down or (host is not None and host.control is not None and host.control.state != IN_PRODUCTION)


def _source(context: StepContext) -> Server:
    if context.plan.source is None:
        raise StepFailed("This plan has no old primary. Ask again.")
    return context.cluster.server(context.plan.source)
