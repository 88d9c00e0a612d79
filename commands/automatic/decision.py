"""Whether to fail over without a person. Pure: the same situation at the same time gives the same move.

Whatever is not known speaks against acting. The move is only what is wanted: it is made in one transaction of the
ledger, and the plan is checked once more against a new look before its first step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.automatic.memory import LONGEST_GAP
from commands.automatic.policy import AutomaticFailover
from commands.plan import CheckResult, Plan
from commands.promotion.fencing import BY_SSH, BY_SSH_OR_HOOK
from ledger.outages import Outage, OutageState
from ledger.quantities import bytes_text, seconds_text
from servers.verdict import Verdict

VIEWPOINT = "down_"  # how the names of those checks begin that are one viewpoint each on the dead primary
LEAST_VIEWPOINTS = 2  # that see it down, with none that sees it up

_WORKING = frozenset({Verdict.HEALTHY, Verdict.STANDBY_DOWN, Verdict.REPLICATION_BROKEN, Verdict.DIFFERENT_TIMELINES})


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known at one look.

    `agreed_for` is for how long every look has agreed that the primary is down; None: this one does not. `plan` is what
    a person would be offered now, or None and `why_no_plan`. `loss` is in bytes, None: not known. `sees` are the
    servers that answer us in any way. `managed_by` names another manager that does failovers itself.
    """

    verdict: Verdict
    agreed_for: timedelta | None
    plan: Plan | None
    why_no_plan: str = ""
    loss: int | None = None
    sees: frozenset[str] = frozenset()
    in_maintenance: bool = False
    last_failover_at: datetime | None = None
    open_operation: str | None = None
    managed_by: str | None = None
    outage: Outage | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason against acting. `code` is told once an outage."""

    code: str
    line: str


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do, and nothing to say."""


@dataclass(frozen=True, slots=True)
class Over:
    """A primary works again: the outage has ended."""


@dataclass(frozen=True, slots=True)
class Held:
    """It would be time to act, but these speak against it."""

    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was announced will not be done, at least not now."""

    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class Announce:
    plan: Plan
    acts_at: datetime


@dataclass(frozen=True, slots=True)
class Act:
    plan: Plan


Move = Idle | Over | Held | Withdrawn | Announce | Act


def decide(rules: AutomaticFailover, situation: Situation, now: datetime) -> Move:
    """The move for this look."""
    outage = situation.outage
    if situation.verdict in _WORKING:
        return Over() if outage is not None else Idle()
    if outage is not None and outage.state in (OutageState.STOPPED, OutageState.ACTED):
        return Idle()
    announced = outage if outage is not None and outage.state is OutageState.ANNOUNCED else None
    if situation.agreed_for is None:
        return Withdrawn((_disagreement(situation),)) if announced else Idle()
    if announced is not None and _lapsed(announced, now - situation.agreed_for):
        return Withdrawn((Obstacle("lapsed", "nobody was looking when it was due: it is announced anew"),))
    if situation.agreed_for < rules.after and not (announced and announced.hastened):
        return Idle()  # a restart of the bot begins to count anew, also while an announcement stands
    against = tuple(obstacles(rules, situation, now))
    plan = situation.plan
    if against or plan is None:
        return Withdrawn(against) if announced else Held(against)
    if announced is None:
        return Announce(plan, now + rules.countdown)
    if announced.plan_hash != plan.hash:
        return Withdrawn((Obstacle("changed", "the plan is another one than the one that was announced"),))
    due = announced.hastened or (announced.acts_at is not None and now >= announced.acts_at)
    return Act(plan) if due else Idle()


def agrees(verdict: Verdict, plan: Plan | None) -> bool:
    """Whether every viewpoint that can say something says that the primary is down, and enough of them can."""
    if verdict is not Verdict.PRIMARY_DOWN or plan is None or plan.kind != "failover":
        return False
    results = [check.result for check in plan.checks if check.name.startswith(VIEWPOINT)]
    return CheckResult.FAIL not in results and results.count(CheckResult.PASS) >= LEAST_VIEWPOINTS


def obstacles(rules: AutomaticFailover, situation: Situation, now: datetime) -> Iterator[Obstacle]:
    """Everything that speaks against acting now."""
    plan = situation.plan
    if not situation.sees:
        yield Obstacle("blind", "Understudy sees no server of this cluster: it may be cut off itself")
    if situation.managed_by is not None:
        yield Obstacle("managed", f"{situation.managed_by} manages this cluster and fails over by itself")
    if situation.in_maintenance:
        yield Obstacle("maintenance", "the cluster is in maintenance")
    if situation.open_operation is not None:
        yield Obstacle("operation", situation.open_operation)
    since = None if situation.last_failover_at is None else now - situation.last_failover_at
    if since is not None and since < rules.cooldown:
        ago, apart = seconds_text(max(0.0, since.total_seconds())), seconds_text(rules.cooldown.total_seconds())
        yield Obstacle("cooldown", f"the last failover was {ago} ago; there must be {apart} between two")
    if plan is None or plan.kind != "failover":
        yield Obstacle("plan", situation.why_no_plan or "there is no failover to be done")
        return
    yield from _against_plan(plan)
    yield from _against_loss(rules, situation.loss)


def fences_first(plan: Plan) -> bool:
    """Whether the plan's first step fences the old primary."""
    first = plan.steps[0] if plan.steps else None
    return first is not None and first.action in (BY_SSH, BY_SSH_OR_HOOK) and first.server == plan.source


def _against_plan(plan: Plan) -> Iterator[Obstacle]:
    if not fences_first(plan):
        yield Obstacle("fence", f"{plan.source} cannot be fenced: SSH does not answer, and it has no fence hook")
    elif plan.risks:
        yield Obstacle("risk", plan.risks[0])
    for check in plan.failed_checks:
        yield Obstacle(f"check {check.name}", f"{check.title}: {check.evidence}")


def _against_loss(rules: AutomaticFailover, loss: int | None) -> Iterator[Obstacle]:
    limit = bytes_text(rules.loss_limit)
    if loss is None and not rules.accept_unknown_loss:
        yield Obstacle("unknown loss", f"how much would be lost is not known; the limit is {limit}")
    elif loss is not None and loss > rules.loss_limit:
        yield Obstacle("loss", f"up to {bytes_text(loss)} would be lost; the limit is {limit}")


def _lapsed(announced: Outage, watched_since: datetime) -> bool:
    """Its time had passed before these looks began: the primary may have worked and died again since people knew."""
    due = announced.decided_at if announced.hastened else announced.acts_at
    return due is not None and watched_since - due > LONGEST_GAP


def _disagreement(situation: Situation) -> Obstacle:
    return Obstacle("disagreement", f"not all viewpoints agree any more that the primary is down: {situation.verdict}")
