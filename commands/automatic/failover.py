"""Drives automatic failover: each look of the monitor is weighed, and what follows is one transaction of the ledger.

What was announced, stopped or started is in the ledger alone, so that a restart, or a second bot, goes on from there.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from sqlite_utils import Database

from commands.automatic import pages
from commands.automatic.by_policy import Reason, approve_by_policy
from commands.automatic.decision import (
    Act,
    Announce,
    Held,
    Idle,
    Obstacle,
    Over,
    Situation,
    Withdrawn,
    agrees,
    decide,
)
from commands.automatic.memory import Memory, loss_at_most
from commands.automatic.policy import NOTHING, AutomaticFailover
from commands.binding import bound
from commands.command import Misunderstood
from commands.document import Document
from commands.looking import look_again
from commands.orders import Ready, open_operation
from commands.plan import Plan
from commands.promote import plan_promotion
from commands.promotion.traffic import FAILOVER_LOOK_SECONDS, look_at_traffic
from commands.records import record_own, show
from commands.running.owner import Owner
from commands.running.runner import Runner
from commands.world import World
from ledger import locks, outages
from ledger.audit import AuditKind
from ledger.old_primaries import last_failover_at
from ledger.outages import Outage, OutageState
from ledger.page import Page
from servers.inventory import Cluster, EngineKind
from servers.state import ClusterState
from servers.verdict import Judgement, Verdict

ORDER = "promote"

Maintenance = Callable[[Database, str, datetime], bool]

_log = structlog.get_logger(__name__)


class FailoverWatch:
    """Weighs looks. `see` never acts on a server itself: it hands an approved operation to the runner."""

    def __init__(self, world: World, runner: Runner, owner: Owner, maintenance: Maintenance) -> None:
        self._world = world
        self._runner = runner
        self._owner = owner
        self._maintenance = maintenance
        self._memories: dict[str, Memory] = defaultdict(Memory)
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def see(self, cluster: Cluster, state: ClusterState, judgement: Judgement) -> None:
        """Weighs one look. Raises LedgerError; nothing has been done then."""
        rules = self._world.automatic.get(cluster.name, NOTHING).failover
        if rules is None or cluster.engine is EngineKind.PATRONI:  # which fails over by itself
            return
        async with self._turns[cluster.name]:
            memory = self._memories[cluster.name]
            if memory.overtakes(state):
                return
            plan, why_not = await _plan(cluster, state, judgement, self._world)
            memory = memory.after(state, agrees=agrees(judgement.verdict, plan))
            self._memories[cluster.name] = memory
            seen = _situation(cluster, state, judgement, memory, plan, why_not)
            if await self._wants_nothing(rules, cluster, seen):
                return
            await self._make(rules, cluster, seen)

    async def _wants_nothing(self, rules: AutomaticFailover, cluster: Cluster, seen: Situation) -> bool:
        """Most looks end here, without a write."""
        now = self._world.now()
        return await self._world.ledger.read(
            lambda db: isinstance(decide(rules, self._known(db, cluster, seen, now), now), Idle)
        )

    async def _make(self, rules: AutomaticFailover, cluster: Cluster, seen: Situation) -> None:
        """Decides again within the transaction that does it: a click or another bot may have come in between."""
        now = self._world.now()
        with self._runner.expecting_any():
            self._owner.appear()
            ready = await self._world.ledger.write(lambda db: self._decide(db, rules, cluster, seen, now))
            if ready is not None:
                _log.warning("a failover starts by policy", cluster=cluster.name, operation=ready.operation.id)
                self._runner.start(ready, asyncio.ensure_future(look_again(self._world, cluster)))

    def _known(self, db: Database, cluster: Cluster, seen: Situation, now: datetime) -> Situation:
        """What was seen, with what the ledger knows."""
        standing = open_operation(db, cluster.name)
        holder = locks.holder(db, cluster.name)
        under_way = standing.id if standing else holder.operation_id if holder else None
        return replace(
            seen,
            in_maintenance=self._maintenance(db, cluster.name, now),
            last_failover_at=last_failover_at(db, cluster.name),
            open_operation=None if under_way is None else f"operation {under_way} is open: people see to it",
            outage=outages.open_outage(db, cluster.name),
        )

    def _decide(
        self, db: Database, rules: AutomaticFailover, cluster: Cluster, seen: Situation, now: datetime
    ) -> Ready | None:
        known = self._known(db, cluster, seen, now)
        outage = known.outage
        match decide(rules, known, now):
            case Over() if outage is not None:
                _end(db, cluster, outage, now)
            case Held(obstacles):
                self._hold(db, cluster, _opened(db, cluster, outage, known, now), obstacles, now)
            case Withdrawn(obstacles) if outage is not None:
                withdrawn = outages.tell(db, outages.withdraw(db, outage), (one.code for one in obstacles))
                _tell(db, cluster, withdrawn, pages.withdrawn(withdrawn, obstacles), now, "called off", obstacles)
            case Announce(plan, acts_at):
                opened = _opened(db, cluster, outage, known, now)
                announced = outages.announce(db, opened, plan_hash=plan.hash, acts_at=acts_at)
                page = pages.announcement(announced, plan, (acts_at - now).total_seconds(), known.loss)
                _tell(db, cluster, announced, page, now, "announced", plan=plan)
            case Act(plan) if outage is not None:
                return self._act(db, cluster, outage, plan, known, now)
        return None

    def _hold(
        self, db: Database, cluster: Cluster, outage: Outage, obstacles: tuple[Obstacle, ...], now: datetime
    ) -> None:
        if {one.code for one in obstacles} <= outage.told:
            return
        told = outages.tell(db, outage, (one.code for one in obstacles))
        show(db, now, cluster.channel, pages.held_key(told), pages.held(told, obstacles))
        _record(db, cluster, told, now, "held back", obstacles)

    def _act(
        self, db: Database, cluster: Cluster, outage: Outage, plan: Plan, known: Situation, now: datetime
    ) -> Ready:
        by = f", hastened by {outage.decided_by.name}" if outage.decided_by else ""
        agreed = 0.0 if known.agreed_for is None else known.agreed_for.total_seconds()
        details = {
            "outage": outage.id,
            "agreed_seconds": round(agreed, 3),
            "loss_bytes": known.loss,
            "announced_for": outage.acts_at,
            "hastened_by": outage.decided_by.id if outage.decided_by else None,
        }
        reason = Reason(f"Primary {plan.source} is down; automatic failover{by}", details)
        document = Document(ORDER, None, None, plan)
        ready = approve_by_policy(db, document, cluster.channel, reason, self._owner.name, now)
        begun = outages.acted(db, outage, ready.operation.id)
        _tell(db, cluster, begun, pages.started(begun, plan), now, "started", plan=plan)
        return ready


async def _plan(cluster: Cluster, state: ClusterState, judgement: Judgement, world: World) -> tuple[Plan | None, str]:
    """What a person would be offered now; or why there is nothing to offer. While a primary works, nobody is asked."""
    try:
        if judgement.verdict is not Verdict.PRIMARY_DOWN:
            return bound(plan_promotion(cluster, None, state), cluster, world), ""
        traffic = await look_at_traffic(world, cluster, FAILOVER_LOOK_SECONDS)
        return bound(plan_promotion(cluster, None, state, traffic), cluster, world), ""
    except Misunderstood as nothing:
        return None, str(nothing)


def _situation(
    cluster: Cluster, state: ClusterState, judgement: Judgement, memory: Memory, plan: Plan | None, why_not: str
) -> Situation:
    loss = None
    if plan is not None and plan.source is not None:
        target = cluster.server(plan.target)
        names = frozenset({target.name, *([target.slot] if target.slot else [])})
        loss = loss_at_most(memory, plan.source, state.server(plan.target), names)
    return Situation(
        verdict=judgement.verdict,
        agreed_for=memory.agreed_for,
        plan=plan,
        why_no_plan=why_not,
        loss=loss,
        sees=frozenset(one.name for one in state.servers if one.sql is not None or one.host is not None),
    )


def _opened(db: Database, cluster: Cluster, outage: Outage | None, known: Situation, now: datetime) -> Outage:
    if outage is not None:
        return outage
    server = known.plan.source if known.plan is not None and known.plan.source is not None else "the primary"
    return outages.begin_outage(db, cluster.name, server, now)


def _end(db: Database, cluster: Cluster, outage: Outage, now: datetime) -> None:
    outages.end_outage(db, outage, now)
    if outage.state is OutageState.ANNOUNCED:
        _tell(db, cluster, outage, pages.ended(outage), now, "called off: a primary works again")


def _tell(
    db: Database,
    cluster: Cluster,
    outage: Outage,
    page: Page,
    now: datetime,
    what: str,
    obstacles: tuple[Obstacle, ...] = (),
    plan: Plan | None = None,
) -> None:
    show(db, now, cluster.channel, pages.announcement_key(outage), page)
    _record(db, cluster, outage, now, what, obstacles, plan)


def _record(
    db: Database,
    cluster: Cluster,
    outage: Outage,
    now: datetime,
    what: str,
    obstacles: tuple[Obstacle, ...] = (),
    plan: Plan | None = None,
) -> None:
    details = {
        "outage": outage.id,
        "round": outage.round,
        "what": what,
        "against": [one.line for one in obstacles],
        "plan_hash": plan.hash if plan else outage.plan_hash,
        "operation": outage.operation_id,
    }
    record_own(db, now, AuditKind.AUTOMATIC_FAILOVER, cluster.name, cluster.channel, details)
