"""The code behind the steps of a restore in place. Whatever fails before it is opened puts the old directory back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from commands.acting import engine_says, outcome_of, server_of, time_of, untold
from commands.command import Action, Standing, StepContext, StepFailed, StepOutcome
from commands.looking import look
from commands.promotion.traffic import LOOK_SECONDS
from commands.rejoining import actions as rejoining
from commands.restoring.acting import place_of, target_of
from commands.restoring.actions import LSN, noted_place
from commands.restoring.in_place_steps import RELEASE
from commands.restoring.left import TIMELINE
from ledger.instances import instance_is_gone
from servers.backups.in_place import InPlaceState
from servers.backups.instances import Place
from servers.engines.engine import ActionFailed, StopMode
from servers.inventory import Server
from servers.lsn import format_lsn, parse_lsn
from servers.state import Role
from servers.traffic.target import Move, TrafficTarget
from servers.views import views_of

# Unlike those of the rejoin, whose steps follow. By name.
ASIDE, STOPPED_AT, OPENED_AT = "taken_back_directory", "stopped_at", "opened_at"
FOLLOWS = "follows"  # the plan's fact: whom the standbys follow afterwards
_PAUSE = 0.2  # seconds between two looks
SETTLE_PAUSE = 2.0  # seconds between two tries
_SHARE_FOR_TRIES = 0.5  # of a step's time
STILL = 120.0  # seconds without a change until nothing more is expected: clients wait meanwhile
_SHUT_DOWN = ("shut down", "shut down in recovery")


async def hold(context: StepContext) -> StepOutcome:
    await _refuse_beside_another_primary(context)
    target = _target(context)
    return outcome_of(await engine_says(target.hold(_move(context), timeout=target.hold_seconds)))


async def let_go(context: StepContext) -> StepOutcome:
    """Clients reach the server again, whichever data it has by now."""
    target = _target(context)
    return outcome_of(await engine_says(target.undo(_move(context), timeout=target.redirect_seconds)))


async def is_held(context: StepContext) -> bool:
    return (await engine_says(_target(context).look(timeout=LOOK_SECONDS))).held


async def is_released(context: StepContext) -> bool:
    return not await is_held(context)


async def stop_it(context: StepContext) -> StepOutcome:
    await _refuse_beside_another_primary(context)
    return await stop(context)


async def stop(context: StepContext) -> StepOutcome:
    engine, here = context.world.engine, server_of(context)
    at = context.world.now().isoformat()
    # Marked, so that what is moved aside never comes up as a primary; a standby is marked anyhow.
    stopped = await engine_says(engine.stop(here, StopMode.FAST, mark=True, timeout=time_of(context)))
    return outcome_of(stopped, {STOPPED_AT: at} if here.name == context.plan.target else {})


async def is_stopped(context: StepContext) -> bool:
    """Once the restored directory is in its place, whatever runs there is no longer what was stopped."""
    if context.step.server == context.plan.target:
        state = await _state(context)
        return state.swapped or (not state.running and state.control in _SHUT_DOWN)
    return not (await engine_says(context.world.engine.directory(server_of(context)))).running


async def start_again(context: StepContext) -> StepOutcome:
    """Undoes a stop, with the old directory alone, and where nobody else has come to take writes meanwhile."""
    await _refuse_beside_another_primary(context)
    if context.step.server == context.plan.target and (await _state(context)).swapped:
        raise StepFailed(f"The restored directory is still in the place of {context.plan.target}'s: it stays down.")
    return outcome_of(await engine_says(context.world.engine.start(server_of(context), timeout=time_of(context))))


async def swap(context: StepContext) -> StepOutcome:
    return await swap_in(context, already=(await _state(context)).swapped)


async def swap_in(context: StepContext, *, already: bool) -> StepOutcome:
    """The old directory aside, the restored one in its place; `already`: it was found so."""
    place, world = place_of(context), context.world
    if not already:
        await engine_says(world.instances.stop(place))
    try:
        command = world.backup_tool(context.cluster).restore_command(context.cluster, place.server)
    except ActionFailed as failed:
        raise StepFailed(str(failed)) from failed
    aside = await engine_says(world.in_place.swap(place, target_of(context), command))
    return StepOutcome(f"The old data directory is {aside}.", 0, "", {ASIDE: aside})


async def is_swapped(context: StepContext) -> bool:
    return (await _state(context)).swapped


async def swap_back(context: StepContext) -> StepOutcome:
    """The server is stopped by then, by the undo of its start, or was never started."""
    if (state := await _state(context)).swapped and state.running:
        await stop(context)
    await engine_says(context.world.in_place.swap_back(place_of(context)))
    return StepOutcome("The old data directory is in its place again.", 0)


async def start_restored(context: StepContext) -> StepOutcome:
    """Waits until it has replayed as much as it had beside: that is the target, or the end of the WAL before it."""
    engine, here = context.world.engine, server_of(context)
    await engine_says(engine.start(here, timeout=time_of(context)))
    state = await _recovered(context)
    if not state.may_be_opened:
        # Nobody wrote anything after that time: all that there is belongs to it.
        await stop(context)
        await engine_says(context.world.in_place.forget_target(place_of(context)))
        await engine_says(engine.start(here, timeout=time_of(context)))
        state = await _recovered(context)
    # The next step is the one that cannot be taken back.
    await _refuse_beside_another_primary(context)
    return StepOutcome(f"{here.name} stands at {format_lsn(state.lsn) if state.lsn else 'an unknown position'}.", 0)


async def _recovered(context: StepContext) -> InPlaceState:
    """How it stands once it is there: at its target, or at the end of all WAL."""
    here, loop = server_of(context), asyncio.get_running_loop()
    seen, moved_at = "", loop.time()
    while True:
        state = await _state(context)
        if not state.running:
            raise StepFailed(f"{here.name} ended while it recovered: look at its log")
        if state.in_recovery is False:
            raise StepFailed(f"{here.name} takes writes already, before it was opened: look at its log")
        if _is_there(context, state) and (state.may_be_opened or state.at_end):
            return state
        now = format_lsn(state.lsn) if state.lsn is not None else state.refused
        if now != seen:
            seen, moved_at = now, loop.time()
        if loop.time() - moved_at > STILL:
            raise StepFailed(f"{here.name} does not get where it was beside: it says {seen or 'nothing'}")
        context.say(f"{here.name} recovers: {seen or 'no word yet'}")
        await asyncio.sleep(_PAUSE)


async def is_started(context: StepContext) -> bool:
    state = await _state(context)
    return state.swapped and state.running and _is_there(context, state) and state.may_be_opened


async def promote(context: StepContext) -> StepOutcome:
    promoted = await engine_says(context.world.engine.promote(server_of(context), timeout=time_of(context)))
    return outcome_of(promoted, {TIMELINE: str(promoted.timeline or "")})


async def is_open(context: StepContext) -> bool:
    state = await _state(context)
    return state.in_recovery is False


async def write(context: StepContext) -> StepOutcome:
    note = f"understudy restore {context.plan.hash[:12]}"
    written = await engine_says(context.world.engine.verify_write(server_of(context), note, timeout=time_of(context)))
    return outcome_of(written, {OPENED_AT: context.world.now().isoformat()})


async def settle(context: StepContext) -> StepOutcome:
    """Tried until its time is over: left as they are, the settings would stop a later standby at that moment."""
    return await _settled(context, place_of(context))


async def settle_left(context: StepContext) -> StepOutcome:
    """What an earlier order could not settle."""
    return await _settled(context, await noted_place(context))


async def _settled(context: StepContext, place: Place) -> StepOutcome:
    world, loop = context.world, asyncio.get_running_loop()
    until = loop.time() + time_of(context) * _SHARE_FOR_TRIES
    while True:
        try:
            await world.in_place.settle(place)
            await world.engine.reload(place.server, timeout=time_of(context))
            break
        except ActionFailed as failed:
            if loop.time() >= until:
                which = f"{context.cluster.name} {place.operation}"
                raise StepFailed(f"{failed}. Once that is mended: /ha restore settle {which}") from failed
            context.say(f"Once more in a moment: {failed}")
            await asyncio.sleep(SETTLE_PAUSE)
    at = world.now()
    await world.ledger.write(lambda db: instance_is_gone(db, place.operation, at))
    return StepOutcome("Its own settings are in force.", 0)


async def rebuild_copy(context: StepContext) -> StepOutcome:
    slot, upstream = server_of(context).slot, context.cluster.server(dict(context.plan.facts)[FOLLOWS])
    if slot is not None:
        await engine_says(context.world.engine.ensure_slot(upstream, slot))
    return await rejoining.copy(context)


async def rebuild_start(context: StepContext) -> StepOutcome:
    upstream = context.cluster.server(dict(context.plan.facts)[FOLLOWS])
    engine = context.world.engine
    return outcome_of(
        await engine_says(engine.start_as_standby(server_of(context), upstream, timeout=time_of(context)))
    )


def nobody_else_writes(standing: Standing) -> str | None:
    """The live one is stopped by this very order; what speaks against going on is another one that takes writes."""
    views = views_of(standing.cluster, standing.state)
    others = [view.name for view in views if view.runs_as_primary and view.name != standing.plan.target]
    return f"{others[0]} runs as a primary now." if others else None


def still_as_approved(standing: Standing) -> str | None:
    """A live server that still takes writes is stopped only while everything is as it was approved."""
    if standing.state.server(standing.plan.target).role is Role.PRIMARY:
        return nobody_else_writes(standing)
    return f"{standing.plan.target} is not the primary any more."


def _after(
    run: Callable[[StepContext], Awaitable[StepOutcome]], done: Callable[[StepContext], Awaitable[bool | None]]
) -> Action:
    """What comes once it is open, and clients do not wait for."""
    return Action(run, done, optional=True, repeatable=True, obstacle=nobody_else_writes)


ACTIONS: Mapping[str, Action] = {
    "hold_clients": Action(hold, is_held, undo=let_go, until=RELEASE, repeatable=True, obstacle=still_as_approved),
    "stop_follower": Action(stop_it, is_stopped, undo=start_again, repeatable=True, obstacle=still_as_approved),
    "stop_live": Action(stop_it, is_stopped, undo=start_again, repeatable=True, obstacle=nobody_else_writes),
    "swap": Action(swap, is_swapped, undo=swap_back, repeatable=True, obstacle=nobody_else_writes),
    "start_restored": Action(start_restored, is_started, undo=stop, repeatable=True, obstacle=nobody_else_writes),
    "open_restored": Action(promote, is_open, final=True, repeatable=True, obstacle=nobody_else_writes),
    "write_restored": Action(write, untold, goes_on=True, repeatable=True, obstacle=nobody_else_writes),
    RELEASE: Action(let_go, is_released, goes_on=True, repeatable=True, obstacle=nobody_else_writes),
    "settle": _after(settle, untold),
    "settle_left": Action(settle_left, untold, repeatable=True, obstacle=lambda standing: None),
    "rebuild_copy": _after(rebuild_copy, rejoining.is_copied),
    "rebuild_place": _after(rejoining.place, rejoining.is_placed),
    "rebuild_start": _after(rebuild_start, untold),
}


def _is_there(context: StepContext, state: InPlaceState) -> bool:
    """As far as it was beside; where that is not known any more, only at a target that it has met."""
    if context.found.get(LSN):
        return state.lsn is not None and state.lsn >= parse_lsn(context.found[LSN])
    return state.paused


async def _refuse_beside_another_primary(context: StepContext) -> None:
    """Recovering takes hours: by now somebody may have promoted another server by hand. Raises StepFailed."""
    state = await look(context.world, context.cluster)
    views = views_of(context.cluster, state)
    others = [view.name for view in views if view.runs_as_primary and view.name != context.plan.target]
    if others:
        raise StepFailed(
            f"{others[0]} runs as a primary by now, and not by this order: beside it, nothing is stopped, started or "
            f"opened on {context.step.server}. Look at both"
        )


async def _state(context: StepContext) -> InPlaceState:
    target: Server = context.cluster.server(context.plan.target)
    return await engine_says(context.world.in_place.state(place_of(context, target)))


def _target(context: StepContext) -> TrafficTarget:
    for target in context.world.traffic.get(context.cluster.name, ()):
        if target.name == context.step.server:
            return target
    raise StepFailed(f"The settings have no traffic target {context.step.server} any more. Lead clients by hand.")


def _move(context: StepContext) -> Move:
    """Clients stay with the server: only what it has changes."""
    return Move(context.cluster.name, context.plan.target, context.plan.target)
