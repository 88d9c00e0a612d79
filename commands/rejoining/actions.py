"""The code behind the steps that bring a server back: the engine does each and proves it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC

from commands.acting import engine_says, outcome_of, server_of, time_of, untold
from commands.answering import while_it_answers
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.looking import look
from commands.rejoining.going_on import upstream_is_primary
from commands.rejoining.waiting import followed
from servers.engines.engine import ActionFailed, StopMode
from servers.engines.rejoining import Job, JobReport, JobState
from servers.inventory import Server
from servers.state import Role

# What the report needs of the steps, by name.
ASIDE, WAY = "old_directory", "way_back"


async def fence(context: StepContext) -> StepOutcome:
    fenced = context.world.engine.fence(
        server_of(context), system=context.plan.system_identifier, timeout=time_of(context)
    )
    return outcome_of(await engine_says(fenced))


async def is_fenced(context: StepContext) -> bool | None:
    """One that runs as a standby by now was started by a later step."""
    proof = await engine_says(context.world.engine.fence_proof(server_of(context)))
    if proof.holds and proof.standby_signal:
        return True
    role = (await look(context.world, context.cluster)).server(context.step.server).role
    return None if role is Role.STANDBY else False


async def stop(context: StepContext) -> StepOutcome:
    return outcome_of(
        await engine_says(context.world.engine.stop(server_of(context), StopMode.FAST, timeout=time_of(context)))
    )


async def is_stopped(context: StepContext) -> bool | None:
    """One that runs may have been started by a later step: to stop it again does no harm."""
    return None if (await engine_says(context.world.engine.directory(server_of(context)))).running else True


async def checkpoint(context: StepContext) -> StepOutcome:
    written = engine_says(context.world.engine.checkpoint(server_of(context), timeout=time_of(context)))
    return outcome_of(await while_it_answers(context, written))


async def make_slot(context: StepContext) -> StepOutcome:
    name = _target(context).slot
    if name is None:
        raise StepFailed(f"No slot is set for {context.plan.target} any more. Add it to the settings, and ask again.")
    return outcome_of(
        await engine_says(context.world.engine.ensure_slot(server_of(context), name, timeout=time_of(context)))
    )


async def rewind(context: StepContext) -> StepOutcome:
    """Where it fails and the plan says so, the copy that follows mends it: then this step ends well, and says that."""
    here, engine = server_of(context), context.world.engine
    backups = context.cluster.backups
    archive = backups.archive_directory if backups else None
    begun = await engine_says(engine.begin_rewind(here, _upstream(context), _key(context), archive))
    report = await followed(context, Job.REWIND, begun)
    if report.state is JobState.DONE:
        return StepOutcome(f"{here.name} was rewound.", 0, report.log, {WAY: "pg_rewind"})
    said = f"pg_rewind on {here.name} did not end well: {_last_line(report)}"
    if _copy_follows(context):
        return StepOutcome(f"{said}. A new copy follows.", 1, report.log, {WAY: "new copy"})
    broken = (await engine_says(engine.directory(here))).broken
    state = "Its data directory can no longer be used" if broken else "Its data directory was not touched"
    raise StepFailed(f"{said}. {state}. A new copy: /ha rejoin {here.name} copy", exit_status=1, output=report.log)


async def is_rewound(context: StepContext) -> bool:
    """Ended in either way: what a failed one leaves is mended by the copy."""
    report = await engine_says(context.world.engine.job(server_of(context), Job.REWIND))
    mended = report.state is JobState.FAILED and _copy_follows(context)
    return report.key == _key(context) and (report.state is JobState.DONE or mended)


async def copy(context: StepContext) -> StepOutcome:
    here = server_of(context)
    if await _needs_no_copy(context):
        return StepOutcome("Not needed: the rewind went through.")
    begun = await engine_says(context.world.engine.begin_copy(here, _upstream(context), _key(context)))
    report = await followed(context, Job.COPY, begun)
    if report.state is JobState.RUNNING or report.state is JobState.ENDED:
        return await _end_copy(context)
    if report.state is not JobState.DONE:
        message = f"The copy to {here.name} did not end well: {_last_line(report)}. The old directory is where it was"
        raise StepFailed(message, exit_status=1, output=report.log)
    how = "It agrees with its manifest" if report.verifying else "It could not be verified: it has no manifest"
    return StepOutcome(f"{here.name} has a copy. {how}.", 0, report.log, {WAY: "new copy"})


async def _end_copy(context: StepContext) -> StepOutcome:
    """Somebody cancelled the order: nothing after this step is begun."""
    kept = await engine_says(context.world.engine.end_copy(server_of(context), _key(context)))
    where = f"What was copied is kept in {kept}" if kept else "Nothing was copied yet"
    return StepOutcome(f"Ended before it was complete. {where}. The old directory is where it was.", 1)


async def is_copied(context: StepContext) -> bool:
    if await _needs_no_copy(context):
        return True
    report = await engine_says(context.world.engine.job(server_of(context), Job.COPY))
    return report.key == _key(context) and report.state in (JobState.DONE, JobState.USED)


async def place(context: StepContext) -> StepOutcome:
    if await _needs_no_copy(context):
        return StepOutcome("Not needed: the rewind went through.")
    aside = f"{context.world.now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
    moved = await engine_says(context.world.engine.use_copy(server_of(context), aside, timeout=time_of(context)))
    return StepOutcome(f"{moved.detail}.", found={ASIDE: moved.aside})


async def is_placed(context: StepContext) -> bool:
    if await _needs_no_copy(context):
        return True
    report = await engine_says(context.world.engine.job(server_of(context), Job.COPY))
    return report.key == _key(context) and report.state is JobState.USED


async def start(context: StepContext) -> StepOutcome:
    engine = context.world.engine
    try:
        return outcome_of(
            await engine.start_as_standby(server_of(context), _upstream(context), timeout=time_of(context))
        )
    except ActionFailed as failed:
        name = context.plan.target
        message = f"{failed}. If WAL is missing, make a new copy: /ha rejoin {name} copy"
        raise StepFailed(message, exit_status=failed.exit_status, output=failed.output) from failed


async def drop_slot(context: StepContext) -> StepOutcome:
    """The slot that was named in the plan, and no other."""
    name = dict(context.plan.facts)["slot dropped"]
    return StepOutcome(
        f"{await engine_says(context.world.engine.drop_slot(server_of(context), name, timeout=time_of(context)))}."
    )


async def is_dropped(context: StepContext) -> bool:
    name = dict(context.plan.facts)["slot dropped"]
    sql = (await look(context.world, context.cluster)).server(context.step.server).sql
    if sql is None:
        raise StepFailed(f"{context.step.server} cannot be asked for its slots.")
    return all(slot.name != name for slot in sql.slots)


async def streams(context: StepContext) -> bool:
    state = (await look(context.world, context.cluster)).server(context.plan.target)
    receiver = state.sql.receiver if state.sql else None
    return state.role is Role.STANDBY and receiver is not None and receiver.status == "streaming"


def _action(
    run: Callable[[StepContext], Awaitable[StepOutcome]],
    already_done: Callable[[StepContext], Awaitable[bool | None]],
) -> Action:
    """Each may be done again: it finds what it did, or a job of its own that goes on, and takes that up."""
    return Action(run, already_done, repeatable=True, obstacle=upstream_is_primary)


ACTIONS: Mapping[str, Action] = {
    "fence_rejoiner": _action(fence, is_fenced),
    "stop_standby": _action(stop, is_stopped),
    "checkpoint_upstream": _action(checkpoint, untold),
    "make_slot": _action(make_slot, untold),
    "rewind": _action(rewind, is_rewound),
    "copy": _action(copy, is_copied),
    "place": _action(place, is_placed),
    "start_standby": _action(start, streams),
    "drop_slot": _action(drop_slot, is_dropped),
}


def _copy_follows(context: StepContext) -> bool:
    return any(step.action == "copy" for step in context.plan.steps)


async def _needs_no_copy(context: StepContext) -> bool:
    """The plan began with a rewind, and that went through."""
    if not any(step.action == "rewind" for step in context.plan.steps):
        return False
    report = await engine_says(context.world.engine.job(server_of(context), Job.REWIND))
    return report.key == _key(context) and report.state is JobState.DONE


def _last_line(report: JobReport) -> str:
    if report.state is JobState.GONE:
        return "it broke off, as if its host had been restarted"
    lines = report.log.splitlines()
    return next((line for line in reversed(lines) if "error" in line), lines[-1] if lines else "it left no word")


def _key(context: StepContext) -> str:
    """What was approved, and for which order: the same plan may be approved again a week later, when what an earlier
    order copied is old."""
    return f"{context.plan.hash[:16]}-{context.operation}"


def _target(context: StepContext) -> Server:
    return context.cluster.server(context.plan.target)


def _upstream(context: StepContext) -> Server:
    return context.cluster.server(dict(context.plan.facts)["follows"])
