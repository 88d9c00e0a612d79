"""The code behind the steps of a restore in the place of a standby, beside a primary that goes on.

Whatever fails puts the old directory back, and it follows again; the restored one is where it was made, and can be
dropped.
"""

import asyncio
from collections.abc import Mapping

from commands.acting import engine_says, outcome_of, server_of, time_of, untold
from commands.command import Action, Standing, StepContext, StepFailed, StepOutcome
from commands.restoring.acting import place_of
from commands.restoring.actions import DROPPED, LSN, noted_place
from commands.restoring.in_place_actions import FOLLOWS, STILL, swap_in
from commands.restoring.left import FOLLOW_RESTORED, FOLLOWED, FOLLOWS_AGAIN, PUT_BACK, STANDS_IN_PLACE, START_OLD
from ledger.instances import instance_is_gone
from servers.backups.in_place import InPlaceState
from servers.backups.instances import Place
from servers.engines.engine import ActionFailed, StopMode
from servers.lsn import format_lsn, parse_lsn
from servers.state import Role

_PAUSE = 0.2  # seconds between two looks


async def stop(context: StepContext) -> StepOutcome:
    stopped = await engine_says(
        context.world.engine.stop(server_of(context), StopMode.FAST, mark=True, timeout=time_of(context))
    )
    return outcome_of(stopped)


async def is_stopped(context: StepContext) -> bool:
    return not (await _state(context)).running


async def start_again(context: StepContext) -> StepOutcome:
    """Its old directory again, as the standby that it was; what stood there before the order to follow stands again."""
    return outcome_of(await engine_says(context.world.engine.start(server_of(context), timeout=time_of(context))))


async def swap(context: StepContext) -> StepOutcome:
    return await swap_in(context, already=(await _state(context)).swapped)


async def is_swapped(context: StepContext) -> bool:
    return (await _state(context)).swapped


async def swap_back(context: StepContext) -> StepOutcome:
    if (state := await _state(context)).swapped and state.running:
        await stop(context)
    await engine_says(context.world.in_place.swap_back(place_of(context)))
    return StepOutcome("The old data directory is in its place again.", 0)


async def stand(context: StepContext) -> StepOutcome:
    """Waits until it has what it had beside, and answers. It has nobody to follow, and takes no writes."""
    here, loop = server_of(context), asyncio.get_running_loop()
    await engine_says(context.world.engine.start(here, timeout=time_of(context)))
    seen, moved_at = "", loop.time()
    while True:
        state = await _state(context)
        if not state.running:
            raise StepFailed(f"{here.name} ended while it recovered: look at its log")
        if _has_it(context, state) and (state.paused or state.at_end):
            at = format_lsn(state.lsn) if state.lsn is not None else "an unknown position"
            return StepOutcome(f"{here.name} stands at {at}.", 0)
        now = format_lsn(state.lsn) if state.lsn is not None else state.refused
        if now != seen:
            seen, moved_at = now, loop.time()
        if loop.time() - moved_at > STILL:
            raise StepFailed(f"{here.name} does not get where it was beside: it says {seen or 'nothing'}")
        context.say(f"{here.name} recovers: {seen or 'no word yet'}")
        await asyncio.sleep(_PAUSE)


async def does_stand(context: StepContext) -> bool:
    state = await _state(context)
    return state.swapped and _has_it(context, state)


async def see_standing(context: StepContext) -> StepOutcome:
    """From here on nothing is taken back by itself."""
    state = await _state(context)
    if not (state.swapped and _has_it(context, state)) or state.lsn is None:
        raise StepFailed(f"{context.step.server} does not stand there any more: look at its log")
    at = format_lsn(state.lsn)
    return StepOutcome(f"{context.step.server} stands at {at}, read-only.", 0, "", {STANDS_IN_PLACE: at})


async def follow(context: StepContext) -> StepOutcome:
    """Without its target, with the archive as well as the primary to get WAL from, until it streams."""
    here, upstream = server_of(context), context.cluster.server(dict(context.plan.facts)[FOLLOWS])
    engine = context.world.engine
    if here.slot is not None:
        await engine_says(engine.ensure_slot(upstream, here.slot))
    try:
        done = await engine.start_as_standby(here, upstream, timeout=time_of(context))
    except ActionFailed as failed:
        message = f"{failed}. If WAL that it needs is gone, make a new copy: /ha rejoin {here.name} copy"
        raise StepFailed(message, exit_status=failed.exit_status, output=failed.output) from failed
    return outcome_of(done, {FOLLOWS_AGAIN: upstream.name, FOLLOWED: (await _place(context)).operation})


async def settle(context: StepContext) -> StepOutcome:
    world, place = context.world, await _place(context)
    await engine_says(world.in_place.settle(place, standby=True))
    await engine_says(world.engine.reload(place.server, timeout=time_of(context)))
    at = world.now()
    await world.ledger.write(lambda db: instance_is_gone(db, place.operation, at))
    return StepOutcome("Its own settings are in force.", 0)


async def put_back(context: StepContext) -> StepOutcome:
    await engine_says(context.world.in_place.swap_back(await _place(context)))
    return StepOutcome("The old data directory is in its place again.", 0)


async def is_put_back(context: StepContext) -> bool:
    return not (await _state(context)).swapped


async def start_old(context: StepContext) -> StepOutcome:
    started = await engine_says(context.world.engine.start(server_of(context), timeout=time_of(context)))
    return outcome_of(started, {PUT_BACK: (await _place(context)).operation})


def is_no_primary(standing: Standing) -> str | None:
    here = standing.step.server
    return f"{here} runs as a primary now." if standing.state.server(here).role is Role.PRIMARY else None


def primary_goes_on(standing: Standing) -> str | None:
    """Neither is a server that was promoted meanwhile stopped, nor made to follow one that is none any more."""
    here, upstream = standing.step.server, dict(standing.plan.facts)[FOLLOWS]
    if standing.state.server(here).role is Role.PRIMARY:
        return f"{here} runs as a primary now."
    return None if standing.state.server(upstream).role is Role.PRIMARY else f"{upstream} is not the primary any more."


ACTIONS: Mapping[str, Action] = {
    "stop_for_restore": Action(stop, is_stopped, undo=start_again, repeatable=True, obstacle=primary_goes_on),
    "swap_standby": Action(swap, is_swapped, undo=swap_back, repeatable=True, obstacle=primary_goes_on),
    "stand": Action(stand, does_stand, undo=stop, repeatable=True, obstacle=primary_goes_on),
    FOLLOW_RESTORED: Action(follow, untold, undo=stop, repeatable=True, obstacle=primary_goes_on),
    "put_back": Action(put_back, is_put_back, repeatable=True, obstacle=is_no_primary),
    START_OLD: Action(start_old, untold, final=True, repeatable=True, obstacle=is_no_primary),
    "see_standing": Action(see_standing, untold, final=True, repeatable=True, obstacle=primary_goes_on),
    "settle_standby": Action(settle, untold, final=True, optional=True, repeatable=True, obstacle=primary_goes_on),
}


def _has_it(context: StepContext, state: InPlaceState) -> bool:
    """It has as much as it had beside. Where the WAL ends before the target it goes on to look for more, by turns."""
    if state.in_recovery is not True:
        return False
    beside = context.found.get(LSN)
    return beside is None or (state.lsn is not None and state.lsn >= parse_lsn(beside))


async def _state(context: StepContext) -> InPlaceState:
    return await engine_says(context.world.in_place.state(await _place(context)))


async def _place(context: StepContext) -> Place:
    """Of this order, or of the earlier one that its plan names."""
    return await noted_place(context) if DROPPED in dict(context.plan.facts) else place_of(context)
