"""Starts the orders that the settings schedule: a turn is decided, and recorded, in one transaction of the ledger."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlite_utils import Database

from commands.automatic import schedule_pages as pages
from commands.automatic.by_policy import Reason, approve_by_policy
from commands.automatic.pages import policy_name
from commands.automatic.policy import NOTHING, Scheduled
from commands.automatic.turns import Idle, LeaveOut, Move, Start, TakeUp, Wait, decide
from commands.command import Meant, Misunderstood, Order
from commands.document import Document
from commands.looking import look_again
from commands.orders import Ready, open_operation
from commands.plan import Plan
from commands.planning import make_plan
from commands.records import show
from commands.running.owner import Owner
from commands.running.runner import Runner
from commands.world import World
from ledger.audit import UNDERSTUDY, Actor, AuditEntry, AuditKind, append
from ledger.errors import LedgerError
from ledger.maintenance import in_maintenance
from ledger.page import Page
from ledger.schedule import What, last_turn
from servers.inventory import Cluster

LOOK_EVERY = timedelta(seconds=30)  # a plan asks the servers: not more often while something waits

_log = structlog.get_logger(__name__)


class Scheduler:
    """`tick` comes back at once; `look` weighs everything that is scheduled, and hands what is due to the runner."""

    def __init__(self, world: World, orders: Mapping[str, Order], runner: Runner, owner: Owner) -> None:
        self._world = world
        self._orders = orders
        self._runner = runner
        self._owner = owner
        self._looked_at: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    def tick(self, now: datetime) -> None:
        """Looks in the background, one look at a time. Also where the clock was set back."""
        recent = self._looked_at is not None and abs(now - self._looked_at) < LOOK_EVERY
        if recent or self._runner.closed or (self._looking is not None and not self._looking.done()):
            return
        self._looked_at = now
        self._looking = asyncio.create_task(self.look())

    async def look(self) -> None:
        """Never raises, but when it is cancelled."""
        for cluster in self._world.clusters.values():
            for scheduled in self._world.automatic.get(cluster.name, NOTHING).schedule:
                try:
                    await self._weigh(cluster, scheduled)
                except LedgerError as error:
                    _log.error("nothing is started by itself: the ledger failed", error=str(error))
                except Exception:
                    _log.exception("a scheduled order could not be weighed", cluster=cluster.name, job=scheduled.job)

    async def close(self) -> None:
        """Ends a look that is under way; what it has started goes on."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _weigh(self, cluster: Cluster, scheduled: Scheduled) -> None:
        now = self._world.now()
        move = await self._world.ledger.read(lambda db: _move(db, cluster, scheduled, None, now))
        if isinstance(move, Idle):
            return
        document, why_not = None, None
        if isinstance(move, Start):
            document, why_not = await self._document(cluster, scheduled)
        with self._runner.expecting_any():
            self._owner.appear()
            ready = await self._world.ledger.write(
                lambda db: self._make(db, cluster, scheduled, document, why_not, self._world.now())
            )
            if ready is not None:
                self._runner.start(ready, asyncio.ensure_future(look_again(self._world, cluster)))

    async def _document(self, cluster: Cluster, scheduled: Scheduled) -> tuple[Document | None, str | None]:
        """What a person would be offered now; or why it may not start without one."""
        order = self._orders[scheduled.order]
        try:
            meant: Meant = order.resolve((*scheduled.before, cluster.name, *scheduled.after), self._world)
            plan = await make_plan(order, meant, self._world)
        except Misunderstood as nothing:
            return None, str(nothing).rstrip(".")
        document = Document(order.name, meant.server, None, plan, meant.words)
        return document, _against(plan, scheduled)

    def _make(
        self,
        db: Database,
        cluster: Cluster,
        scheduled: Scheduled,
        document: Document | None,
        why_not: str | None,
        now: datetime,
    ) -> Ready | None:
        """Decides again within the transaction that does it: another bot may have come in between."""
        tell = _Teller(db, cluster, scheduled, now)
        match _move(db, cluster, scheduled, why_not, now):
            case TakeUp():
                following = scheduled.timetable.next_after(now)
                tell.say(What.TAKEN_UP, now, pages.taken_up(cluster.name, scheduled, following))
            case Wait(due, against):
                tell.say(What.WAITS, due, pages.waits(cluster.name, scheduled, due, against), why=against)
            case LeaveOut(due, why):
                tell.say(What.LEFT_OUT, due, pages.left_out(cluster.name, scheduled, due, why), why=why)
            case Start(due) if document is not None:
                line = f"Scheduled: {scheduled.timetable.spoken} UTC, set by {scheduled.set_by}"
                details = {"job": scheduled.job, "timetable": scheduled.timetable.spoken, "due": due.isoformat()}
                reason = Reason(line, {**details, "set_by": scheduled.set_by})
                ready = approve_by_policy(db, document, cluster.channel, reason, self._owner.name, now)
                operation = ready.operation.id
                page = pages.started(cluster.name, scheduled, due, operation)
                tell.say(What.STARTED, due, page, operation=operation)
                return ready
        return None


class _Teller:
    """Says a turn's word in the channel, and records it as the policy's."""

    def __init__(self, db: Database, cluster: Cluster, scheduled: Scheduled, now: datetime) -> None:
        self._db, self._cluster, self._scheduled, self._now = db, cluster, scheduled, now

    def say(self, what: What, due: datetime, page: Page, **more: str) -> None:
        cluster, scheduled = self._cluster, self._scheduled
        entry = AuditEntry(
            at=self._now,
            kind=AuditKind.SCHEDULE,
            actor=Actor(f"policy:{cluster.name}", policy_name(cluster.name), UNDERSTUDY.face),
            cluster=cluster.name,
            place=cluster.channel,
            details={
                "job": scheduled.job,
                "what": what,
                "due": due.isoformat(),
                "timetable": scheduled.timetable.spoken,
                "set_by": scheduled.set_by,
                **more,
            },
        )
        append(self._db, entry)
        show(self._db, self._now, cluster.channel, pages.card_key(cluster.name, scheduled.job, due), page)


def _move(db: Database, cluster: Cluster, scheduled: Scheduled, why_not: str | None, now: datetime) -> Move:
    at_work, standing = in_maintenance(db, cluster.name, now), open_operation(db, cluster.name)
    against = why_not
    if standing is not None:
        against = f"Operation {standing.id} ({standing.kind}) is {standing.state}"
    if at_work is not None:
        against = f"{cluster.name} is in maintenance ({at_work.by.name}: {at_work.reason})"
    return decide(scheduled, last_turn(db, cluster.name, scheduled.job), against, now)


def _against(plan: Plan, scheduled: Scheduled) -> str | None:
    """What a person would have to weigh is not started without one."""
    if plan.failed_checks:
        return "; ".join(f"{check.title}: {check.evidence}" for check in plan.failed_checks)
    if plan.risks or (plan.dangerous and not scheduled.dangerous):
        return "It has risks that a person must approve"
    return None
