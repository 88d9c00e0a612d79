"""The code behind the steps that Patroni does: it is asked, and what it did is looked at again."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime

from commands.acting import engine_says, outcome_of, time_of, untold
from commands.command import Action, StepContext, StepFailed, StepOutcome, failure_of
from commands.plan import Conclusion, Plan
from commands.plan_page import loss_text
from commands.promotion import patroni
from commands.promotion.actions import TIMELINE, WRITES_ACCEPTED, WRITES_STOPPED
from commands.promotion.report import measured_outage
from ledger.quantities import seconds_text
from servers.engines.engine import ActionFailed, Done
from servers.engines.patroni.engine import PatroniEngine
from servers.patroni_state import PatroniState

_PAUSE = 0.1
_WRITE_SECONDS = 5.0


def engine_of(context: StepContext) -> PatroniEngine:
    """The cluster's Patroni. StepFailed where the settings have none any more."""
    found = context.world.patroni.get(context.cluster.name)
    if found is None:
        raise StepFailed(f"The settings have no Patroni for {context.cluster.name} any more. Ask again.")
    return found


async def asked(work: Awaitable[Done], found: Mapping[str, str] | None = None) -> StepOutcome:
    """What Patroni did, or StepFailed with its words."""
    return outcome_of(await engine_says(work), found)


async def look_again(context: StepContext) -> PatroniState:
    """What Patroni says now. StepFailed where it does not answer."""
    state = await engine_of(context).look()
    if not state.answer.ok:
        raise StepFailed(f"Patroni does not answer: {state.answer.how}. Look: /ha status")
    return state


async def switch_over(context: StepContext) -> StepOutcome:
    if context.plan.source is None:
        raise StepFailed("This plan has no old primary. Ask again.")
    at = context.world.now().isoformat()
    work = engine_of(context).switchover(context.plan.source, context.plan.target, timeout=time_of(context))
    return await asked(work, {WRITES_STOPPED: at})


async def fail_over(context: StepContext) -> StepOutcome:
    return await asked(engine_of(context).failover(context.plan.target, timeout=time_of(context)))


async def schedule(context: StepContext) -> StepOutcome:
    if context.plan.source is None:
        raise StepFailed("This plan has no old primary. Ask again.")
    work = engine_of(context).schedule(context.plan.source, context.plan.target, _at(context), timeout=time_of(context))
    return await asked(work)


async def cancel(context: StepContext) -> StepOutcome:
    return await asked(engine_of(context).cancel(timeout=time_of(context)))


async def verify(context: StepContext) -> StepOutcome:
    """Patroni gives the leader key before the promotion has ended: the write is tried until it works."""
    server, note = context.cluster.server(context.plan.target), f"understudy {context.plan.kind}"
    until = asyncio.get_running_loop().time() + time_of(context)
    while True:
        try:
            done = await context.world.engine.verify_write(server, note, timeout=_WRITE_SECONDS)
        except ActionFailed as failed:
            if asyncio.get_running_loop().time() > until:
                raise StepFailed(str(failed), exit_status=failed.exit_status, output=failed.output) from failed
            await asyncio.sleep(_PAUSE)
            continue
        return StepOutcome(done.detail, found={WRITES_ACCEPTED: context.world.now().isoformat()})


async def see_followers(context: StepContext) -> StepOutcome:
    down = context.plan.source if context.plan.kind == "failover" else None
    outcome = await asked(engine_of(context).until_all_follow(but=down, timeout=time_of(context)))
    leader = (await look_again(context)).leader
    return StepOutcome(outcome.detail, found={TIMELINE: str(leader.timeline)} if leader else {})


async def leads(context: StepContext) -> bool:
    leader = (await look_again(context)).leader
    return leader is not None and leader.name == context.plan.target


async def is_scheduled(context: StepContext) -> bool:
    found = (await look_again(context)).scheduled
    return found is not None and found.target == context.plan.target and patroni.at_text(found.at) == _fact(context)


async def is_cancelled(context: StepContext) -> bool:
    return (await look_again(context)).scheduled is None


def may_go_on(_: object) -> None:
    """Patroni, or a look, decides: what follows the promotion does no harm in any world."""
    return


ACTIONS: Mapping[str, Action] = {
    patroni.SWITCHOVER: Action(switch_over, leads, final=True, repeatable=True),
    patroni.FAILOVER: Action(fail_over, leads, final=True, repeatable=True),
    patroni.SCHEDULE: Action(schedule, is_scheduled, final=True, repeatable=True),
    patroni.CANCEL: Action(cancel, is_cancelled, repeatable=True),
    patroni.VERIFY: Action(verify, untold, repeatable=True, obstacle=may_go_on),
    patroni.FOLLOWERS: Action(see_followers, untold, optional=True, repeatable=True, obstacle=may_go_on),
}


def is_by_patroni(plan: Plan) -> bool:
    """Whether Patroni does what the plan says."""
    return patroni.BY in plan.facts


def conclude(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    """Pure."""
    look, facts = f"Look: /ha status {plan.cluster}", dict(plan.facts)
    if plan.kind == patroni.SCHEDULED:
        line = f"Patroni will switch {plan.cluster} over to {plan.target} at {facts[patroni.AT]}."
        return Conclusion(line, (), (f"Take it back: /ha promote {plan.cluster} cancel", look))
    if plan.kind == patroni.CANCELLED:
        return Conclusion(f"Patroni will not switch {plan.cluster} over at {facts[patroni.AT]}.", (), (look,))
    outage = measured_outage(plan, found)
    measured = "not known: nobody saw when writes stopped" if outage is None else f"{seconds_text(outage)} at most"
    told = (("Outage", measured), ("Lost", loss_text(plan.loss)), ("Timeline", found.get(TIMELINE, "not known")))
    unsettled = next((found[failure_of(one)] for one in plan.steps if failure_of(one) in found), None)
    rest = "The others follow it." if unsettled is None else f"Not all is well yet: {unsettled}"
    line = f"{plan.target} is the primary of {plan.cluster} and takes writes. {rest}"
    return Conclusion(line, told, (f"Check that clients have found {plan.target}", look))


def _at(context: StepContext) -> datetime:
    return datetime.strptime(_fact(context), "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)


def _fact(context: StepContext) -> str:
    return dict(context.plan.facts).get(patroni.AT, "")
