"""What to report after a promotion: the measured outage, the loss, and what to do next."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from commands.command import failure_of
from commands.plan import Conclusion, Plan, Step
from commands.plan_page import loss_text
from commands.promotion.actions import TIMELINE, WRITES_ACCEPTED, WRITES_STOPPED
from commands.promotion.fencing import FENCED_BY_HOOK
from commands.promotion.traffic import REDIRECT, held_since, released_since
from ledger.quantities import seconds_text


def conclude(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    """Pure."""
    outage = measured_outage(plan, found)
    facts = (
        ("Measured outage", _outage_text(plan, outage)),
        ("Lost", loss_text(plan.loss)),
        ("Timeline", found.get(TIMELINE, "not known")),
        *_clients(plan, found),
        *((step.server, _became_of(step, found)) for step in _following(plan)),
    )
    line = f"{plan.target} is the primary of {plan.cluster} and takes writes."
    following = [step.server for step in _following(plan) if failure_of(step) not in found]
    following = [*((plan.source,) if plan.kind == "switchover" and plan.source else ()), *following]
    if following:
        verb = "follows it as the standby" if len(following) == 1 else "follow it as standbys"
        line = f"{line} {', '.join(following)} {verb}."
    lost = _left_behind(plan, found)
    if lost:
        line = f"{line} {', '.join(lost)} {'does' if len(lost) == 1 else 'do'} not follow."
    return Conclusion(line, facts, _next_steps(plan, found))


def _clients(plan: Plan, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What became of the clients of each traffic target."""
    for step in plan.steps:
        if step.action != REDIRECT:
            continue
        failure = found.get(failure_of(step))
        held, released = _moment(found.get(held_since(step.server))), _moment(found.get(released_since(step.server)))
        waited = f", after they waited {seconds_text((released - held).total_seconds())}" if held and released else ""
        led = f"were led to {plan.target}{waited}"
        yield f"Clients of {step.server}", led if failure is None else f"were not led to {plan.target}: {failure}"


def _following(plan: Plan) -> tuple[Step, ...]:
    return tuple(step for step in plan.steps if step.action in ("follow", "keep_up"))


def _became_of(step: Step, found: Mapping[str, str]) -> str:
    """What became of a further standby."""
    failure = found.get(failure_of(step))
    if failure is not None:
        return f"does not follow: {failure}"
    return "was pointed at the new primary and streams from it" if step.action == "follow" else "streams, unchanged"


def _left_behind(plan: Plan, found: Mapping[str, str]) -> list[str]:
    return [step.server for step in _following(plan) if failure_of(step) in found]


def measured_outage(plan: Plan, found: Mapping[str, str]) -> float | None:
    """Seconds from the stop, or from the last time the old primary was seen taking writes, to the first write."""
    begin = _moment(found.get(WRITES_STOPPED)) or plan.writes_seen_at
    end = _moment(found.get(WRITES_ACCEPTED))
    return None if begin is None or end is None else max(0.0, (end - begin).total_seconds())


def _outage_text(plan: Plan, outage: float | None) -> str:
    if outage is None:
        return "not known: nobody saw when writes stopped"
    if plan.kind == "switchover":
        return f"{seconds_text(outage)}, from the stop of {plan.source} to the first write on {plan.target}"
    seen = f", at {plan.writes_seen_at:%H:%M:%S} UTC," if plan.writes_seen_at else ""
    return f"{seconds_text(outage)}, from when {plan.source} was last seen{seen} to the first write on {plan.target}"


def _next_steps(plan: Plan, found: Mapping[str, str]) -> tuple[str, ...]:
    look = f"Look: /ha status {plan.cluster}"
    left_behind = _left_behind(plan, found)
    rejoin = tuple(f"{name} does not follow {plan.target}. Bring it back: /ha rejoin {name}" for name in left_behind)
    if plan.kind == "switchover":
        return (*rejoin, f"Check that clients have found {plan.target}", look)
    alone = len(left_behind) == len(_following(plan))
    until = f": until then {plan.target} has no standby" if alone else ""
    fenced = f"{plan.source} must be rejoined before it may run again{until}. Type: /ha rejoin {plan.source}"
    off = (f"Make sure that {plan.source} is off: it could not be fenced",) if plan.risks else ()
    if FENCED_BY_HOOK in found:
        off = (f"Keep {plan.source} off: its hook has cut it off, but when it starts it comes up as a primary",)
    return (*off, *rejoin, f"Check that clients have found {plan.target}", fenced, look)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
