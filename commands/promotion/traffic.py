"""Traffic in a promotion: clients are held while nobody takes writes, and led to the new primary as soon as it does."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from commands.acting import engine_says, outcome_of
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.looking import look
from commands.plan import Check, CheckResult, Step
from commands.promotion import steps
from commands.promotion.going_on import is_no_primary
from commands.world import World
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster
from servers.state import Role
from servers.traffic.target import Move, Pointing, TrafficTarget

REDIRECT = "redirect"
LOOK_SECONDS = 2.0  # for all targets at once
FAILOVER_LOOK_SECONDS = 0.5  # nobody takes writes meanwhile, and nothing that is seen would stop it
_SHARE = 0.4  # of a step's time-out for the redirect; release and proof have the rest


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """A traffic target with where it leads clients now; `error` says why that is not known."""

    target: TrafficTarget
    pointing: Pointing | None
    error: str = ""


async def look_at_traffic(world: World, cluster: Cluster, seconds: float = LOOK_SECONDS) -> tuple[TargetSeen, ...]:
    """All of the cluster's targets, looked at together. Never raises: what cannot be seen says so."""
    targets = world.traffic.get(cluster.name, ())
    return tuple(await asyncio.gather(*(_look_at(target, seconds) for target in targets)))


async def _look_at(target: TrafficTarget, seconds: float) -> TargetSeen:
    try:
        async with asyncio.timeout(seconds):
            return TargetSeen(target, await target.look(timeout=seconds * 0.9))
    except ActionFailed as failed:
        return TargetSeen(target, None, str(failed))
    except TimeoutError:
        return TargetSeen(target, None, f"{target.name} did not answer within {seconds:g} s")


def checks(seen: Sequence[TargetSeen], old: str) -> tuple[Check, ...]:
    """One a target: it can be reached, and leads clients to the old primary now."""
    return tuple(_check(each, old) for each in seen)


def _check(seen: TargetSeen, old: str) -> Check:
    name = seen.target.name
    title = f"{name} ({seen.target.kind}) leads clients to {old}"
    key = f"traffic_{name}"
    if seen.pointing is None:
        return Check(key, title, CheckResult.FAIL, f"{seen.error}. Clients would not follow")
    if seen.pointing.held:
        # An order that broke off may have left them so; the redirect lets them go.
        return Check(key, title, CheckResult.WARN, f"{seen.pointing.detail}; they are let go at the end")
    if seen.pointing.server is None:
        return Check(key, title, CheckResult.WARN, f"{seen.pointing.detail}, not known as {old}")
    good = seen.pointing.server == old
    return Check(key, title, CheckResult.PASS if good else CheckResult.WARN, seen.pointing.detail)


def unheld(seen: Sequence[TargetSeen]) -> str:
    """What the outage is to the clients of targets that hold nobody; nothing where there are none."""
    names = [each.target.name for each in seen if each.target.holding is None]
    return f"; clients of {' and '.join(names)} are not held: they get errors during the outage" if names else ""


def hold_steps(seen: Sequence[TargetSeen], old: str) -> tuple[Step, ...]:
    """What is done before the old primary stops."""
    return tuple(steps.hold(each.target, old) for each in seen if each.target.holding is not None)


def redirect_steps(seen: Sequence[TargetSeen], new: str) -> tuple[Step, ...]:
    """What is done once the new primary takes writes. Who is held comes first: their wait is the outage."""
    ordered = sorted(seen, key=lambda each: each.target.holding is None)
    return tuple(steps.redirect(each.target, new) for each in ordered)


def turn_away_steps(seen: Sequence[TargetSeen], old: str, new: str) -> tuple[Step, ...]:
    """What is done before the promotion where the old primary cannot be fenced: our own targets lead nobody there."""
    return tuple(steps.turn_away(each.target, old, new) for each in seen)


def facts(seen: Sequence[TargetSeen], new: str) -> tuple[tuple[str, str], ...]:
    """What is material: where each target will lead."""
    return tuple((each.target.name, each.target.leads_to(new)) for each in seen)


def held_since(target: str) -> str:
    """The name under which a step tells when a target began to hold clients."""
    return f"held_at_{target}"


def released_since(target: str) -> str:
    """The name under which a step tells when a target let its clients go on."""
    return f"released_at_{target}"


async def hold(context: StepContext) -> StepOutcome:
    target, move = _target(context), _move(context)
    begun = context.world.now().isoformat()
    done = await engine_says(target.hold(move, timeout=target.hold_seconds))
    return outcome_of(done, {held_since(target.name): begun})


async def let_go(context: StepContext) -> StepOutcome:
    """Undoes a hold, past the promotion too: to the new primary if it is one by now, else as it was before."""
    target, move = _target(context), _move(context)
    state = await look(context.world, context.cluster)
    if state.server(move.new).role is Role.PRIMARY and state.server(move.old).role is not Role.PRIMARY:
        return await redirect(context)
    return outcome_of(await engine_says(target.undo(move, timeout=target.redirect_seconds)))


async def redirect(context: StepContext) -> StepOutcome:
    """Leads clients to the new primary, lets them go, proves it. Whether or not it can be led, nobody is held on."""
    target, move = _target(context), _move(context)
    seconds = target.redirect_seconds * _SHARE
    try:
        led = await engine_says(target.redirect(move, timeout=seconds))
    except StepFailed as failed:
        raise StepFailed(f"{failed}. {await _released_after_all(target, move, seconds)}") from failed
    released = await engine_says(target.release(move, timeout=seconds / 2))
    at = context.world.now().isoformat()
    proved = await engine_says(target.verify(move, timeout=seconds))
    detail = f"{led.detail} {released.detail} {proved.detail}"
    return StepOutcome(detail, led.exit_status, led.output, {released_since(target.name): at})


async def turn_away(context: StepContext) -> StepOutcome:
    """Leads clients away from an old primary that may still take writes, before another one does."""
    target, move = _target(context), _move(context)
    led = await engine_says(target.redirect(move, timeout=target.redirect_seconds * _SHARE))
    return StepOutcome(led.detail, led.exit_status, led.output)


async def leads_elsewhere(context: StepContext) -> bool:
    seen = await engine_says(_target(context).look(timeout=LOOK_SECONDS))
    return seen.server is not None and seen.server != context.plan.source


async def _released_after_all(target: TrafficTarget, move: Move, seconds: float) -> str:
    """Whoever waits is let go on, wherever that leads; what to say of it."""
    try:
        return (await engine_says(target.release(move, timeout=seconds / 2))).detail
    except StepFailed as failed:
        return f"Nor could its clients be let go on: {failed}"


async def is_held(context: StepContext) -> bool:
    return (await engine_says(_target(context).look(timeout=LOOK_SECONDS))).held


async def is_redirected(context: StepContext) -> bool:
    seen = await engine_says(_target(context).look(timeout=LOOK_SECONDS))
    return seen.server == context.plan.target and not seen.held


ACTIONS: Mapping[str, Action] = {
    "hold": Action(hold, is_held, undo=let_go, until=REDIRECT, repeatable=True),
    "turn_away": Action(turn_away, leads_elsewhere, optional=True, repeatable=True),
    REDIRECT: Action(redirect, is_redirected, optional=True, repeatable=True, obstacle=is_no_primary),
}


def _target(context: StepContext) -> TrafficTarget:
    for target in context.world.traffic.get(context.cluster.name, ()):
        if target.name == context.step.server:
            return target
    raise StepFailed(f"The settings have no traffic target {context.step.server} any more. Lead clients by hand.")


def _move(context: StepContext) -> Move:
    if context.plan.source is None:
        raise StepFailed("This plan has no old primary. Ask again.")
    return Move(context.cluster.name, context.plan.source, context.plan.target)
