"""The two legs of a failover drill: there by a switchover's own steps, and back by the same, with the parts exchanged.

The code of a promotion's steps knows nothing of drills. On the way back it is given the plan of the other direction,
and only what was found on the way back: what the way there found is of another stop, on another server.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from commands.command import Action, Standing, StepContext, StepFailed, StepOutcome
from commands.plan import Plan, Step
from commands.promotion import patroni, steps
from commands.promotion.actions import ACTIONS as NATIVE
from commands.promotion.patroni_actions import ACTIONS as BY_PATRONI
from servers.inventory import Cluster
from servers.traffic.target import TrafficTarget
from servers.verdict import Verdict, judge

BACK = "back_"  # before the names of actions, and of what they find, on the way back
_FOLLOWS = " follows"  # after a further standby's name: the fact that says whom (`commands.promotion.followers`)


def way_back(there: Plan, cluster: Cluster, targets: Iterable[TrafficTarget]) -> tuple[Step, ...]:
    """The steps by which what the plan does is done in the other direction, in the same order. Pure."""
    if there.source is None:
        raise ValueError("a switchover without an old primary")
    old, new = there.target, there.source
    by_name = {target.name: target for target in targets}
    found = [one for step in there.steps for one in _turned(step, old, new, cluster, by_name)]
    return tuple(replace(step, action=f"{BACK}{step.action}") for step in found)


def _turned(step: Step, old: str, new: str, cluster: Cluster, targets: Mapping[str, TrafficTarget]) -> tuple[Step, ...]:
    slot = cluster.server(old).slot
    made: Mapping[str, tuple[Step, ...]] = {
        "checkpoint": (steps.checkpoint(old, new),),
        "stop": (steps.stop(old),),
        "prove": (steps.prove(old, new),),
        "promote": (steps.promote(new),),
        "verify": (steps.verify(new),),
        "slot": (),  # whether there is one is the other server's to say
        "rejoin": (*((steps.slot(old, new, slot),) if slot else ()), steps.rejoin(old, new)),
        "keep_up": (step,),  # behind the standby that takes over for a while: nothing changes for it
        patroni.SWITCHOVER: (patroni.switchover_step(old, new),),
        patroni.VERIFY: (patroni.verify_step(new),),
        patroni.FOLLOWERS: (patroni.followers_step(new),),
    }
    if step.action == "hold":
        return (steps.hold(targets[step.server], old),)
    if step.action == "redirect":
        return (steps.redirect(targets[step.server], new),)
    return (steps.follow(step.server, new),) if step.action == "follow" else made[step.action]


def going(plan: Plan) -> Plan:
    """What the steps of the way there are told: a switchover, whatever else the drill does."""
    return replace(plan, kind="switchover")


def coming(plan: Plan) -> Plan:
    """What the steps of the way back are told: the switchover in the other direction, on the timeline after it."""
    moved = {step.server for step in plan.steps if step.action == "follow"}
    facts = tuple(
        (name, plan.source or "") if name.removesuffix(_FOLLOWS) in moved and name.endswith(_FOLLOWS) else (name, value)
        for name, value in plan.facts
    )
    return replace(
        plan,
        kind="switchover",
        source=plan.target,
        target=plan.source or "",
        timeline=plan.timeline + 1,
        facts=facts,
    )


def coming_back(context: StepContext) -> StepContext:
    """The same for a step's context: with what the way back has found, and that alone."""
    found = {name.removeprefix(BACK): value for name, value in context.found.items() if name.startswith(BACK)}
    step = replace(context.step, action=context.step.action.removeprefix(BACK))
    return replace(context, plan=coming(context.plan), step=step, found=found)


def _there(action: Action) -> Action:
    return _strict(
        replace(
            action,
            run=lambda context: action.run(replace(context, plan=going(context.plan))),
            already_done=lambda context: action.already_done(replace(context, plan=going(context.plan))),
        )
    )


def _back(action: Action) -> Action:
    undo, obstacle = action.undo, action.obstacle

    async def run(context: StepContext) -> StepOutcome:
        return _marked(await action.run(coming_back(context)))

    async def take_back(context: StepContext) -> StepOutcome:
        if undo is None:
            raise StepFailed("This step cannot be taken back.")
        return _marked(await undo(coming_back(context)))

    def in_the_way(standing: Standing) -> str | None:
        turned = replace(standing, plan=coming(standing.plan), not_as_approved=_cannot_turn(standing))
        return turned.not_as_approved if obstacle is None else obstacle(turned)

    return _strict(
        replace(
            action,
            run=run,
            already_done=lambda context: action.already_done(coming_back(context)),
            undo=take_back if undo is not None else None,
            until=f"{BACK}{action.until}" if action.until is not None else None,
            obstacle=in_the_way,
        )
    )


def _strict(action: Action) -> Action:
    """What a promotion can do without (clients that are led, standbys that follow) is what a drill is to show."""
    return replace(action, optional=False, goes_on=True) if action.optional else action


def _marked(outcome: StepOutcome) -> StepOutcome:
    return replace(outcome, found={f"{BACK}{name}": value for name, value in outcome.found.items()})


def _cannot_turn(standing: Standing) -> str | None:
    """What speaks against going back after a restart: anything but a healthy pair as the way there left it."""
    judgement = judge(standing.cluster, standing.state)
    if judgement.verdict is not Verdict.HEALTHY:
        return f"{standing.cluster.name}: {judgement.verdict}."
    return None if judgement.primary == standing.plan.target else f"{judgement.primary} is the primary now."


_SWITCHING: Mapping[str, Action] = {**NATIVE, **BY_PATRONI}
ACTIONS: Mapping[str, Action] = {
    **{name: _there(action) for name, action in _SWITCHING.items()},
    **{f"{BACK}{name}": _back(action) for name, action in _SWITCHING.items()},
}
