"""Guards old primaries: one that a failover has left behind and that takes writes again is fenced, or told of.

The alert of a split brain is raised by the monitor whatever is done here. Fenced is only who takes writes beside one
that was promoted since, on a timeline that was left: never the last primary that there is.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

import structlog
from sqlite_utils import Database

from commands.automatic.by_policy import Reason, approve_by_policy
from commands.automatic.failover import Maintenance
from commands.automatic.policy import NOTHING
from commands.binding import bound
from commands.command import Misunderstood
from commands.document import Document
from commands.fence import plan_fence
from commands.looking import look_again
from commands.orders import Ready, open_operation
from commands.plan import CheckResult, Plan
from commands.records import record_own, show
from commands.running.owner import Owner
from commands.running.runner import Runner
from commands.world import World
from ledger import locks, old_primaries
from ledger.audit import UNDERSTUDY, AuditKind
from ledger.old_primaries import OldPrimary
from ledger.operations import Operation, OperationState, list_operations
from ledger.page import Page, Tone, note, text
from servers.inventory import Cluster, EngineKind
from servers.split_brain import writables
from servers.state import ClusterState, Role, ServerState
from servers.verdict import Judgement

ORDER = "fence"

REFRESH = timedelta(seconds=10)  # how soon a failover of another process is guarded as well
AGAIN_AFTER = timedelta(seconds=60)  # a fence that failed is tried again
MOST_TRIES = 3

_log = structlog.get_logger(__name__)


class Guard:
    """Weighs looks. What it keeps in memory only spares reading the ledger while there is nothing to guard."""

    def __init__(self, world: World, runner: Runner, owner: Owner, maintenance: Maintenance) -> None:
        self._world = world
        self._runner = runner
        self._owner = owner
        self._maintenance = maintenance
        self._read_at: dict[str, datetime] = {}
        self._guarded: dict[str, bool] = {}
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def see(self, cluster: Cluster, state: ClusterState, judgement: Judgement) -> None:
        """Weighs one look. Raises LedgerError; nothing has been done then."""
        if cluster.engine is EngineKind.PATRONI:  # which demotes old primaries itself
            return
        async with self._turns[cluster.name]:
            now = self._world.now()
            running = writables(cluster, state)
            if len(running) < 2 and now - self._read_at.get(cluster.name, now - REFRESH) < REFRESH:
                return
            guarded = await self._guard(cluster, now)
            if guarded:
                await self._weigh(cluster, state, [one.name for one in running], now)

    async def _guard(self, cluster: Cluster, now: datetime) -> bool:
        """Whether anything is guarded; what failovers have left since the last look is guarded from now on."""
        self._read_at[cluster.name] = now
        old, new = await self._world.ledger.read(
            lambda db: (
                old_primaries.guarded(db, cluster.name),
                old_primaries.unguarded(db, cluster.name),
            )
        )
        if new:
            await self._world.ledger.write(lambda db: _begin(db, cluster.name))
        return bool(old or new)

    async def _weigh(self, cluster: Cluster, state: ClusterState, running: Sequence[str], now: datetime) -> None:
        with self._runner.expecting_any():
            self._owner.appear()
            ready = await self._world.ledger.write(lambda db: self._decide(db, cluster, state, running, now))
            if ready is not None:
                _log.warning("an old primary is fenced by policy", cluster=cluster.name, operation=ready.operation.id)
                self._runner.start(ready, asyncio.ensure_future(look_again(self._world, cluster)))

    def _decide(
        self, db: Database, cluster: Cluster, state: ClusterState, running: Sequence[str], now: datetime
    ) -> Ready | None:
        for old in old_primaries.guarded(db, cluster.name):
            why = _over(cluster, state, old)
            if why is not None:
                old_primaries.end_guard(db, old, now, why)
                _record(db, cluster, old, now, f"guarded no more: {why}")
            elif old.server in running:
                found = self._returned(db, cluster, state, old, running, now)
                if isinstance(found, Plan):
                    return self._fence(db, cluster, old, found, now)
                if found is not None:
                    self._tell(db, cluster, old, found, now)
        return None

    def _returned(
        self,
        db: Database,
        cluster: Cluster,
        state: ClusterState,
        old: OldPrimary,
        running: Sequence[str],
        now: datetime,
    ) -> Plan | str | None:
        """It takes writes: how it is to be fenced, or why it is not; None where the next look decides."""
        if len(running) < 2:
            return f"{old.promoted}, which was promoted in its place, is not seen to take writes: nothing is fenced"
        if not self._world.automatic.get(cluster.name, NOTHING).fence_returning_primary:
            return "the settings leave it to people to fence it"
        if self._maintenance(db, cluster.name, now):
            return "the cluster is in maintenance: nothing is fenced by itself"
        if open_operation(db, cluster.name) is not None or locks.holder(db, cluster.name) is not None:
            return None  # an order is under way: the next look finds what it has left
        failures = _failures(db, cluster.name, old)
        if len(failures) >= MOST_TRIES:
            return f"{MOST_TRIES} fences have failed, the last is operation {failures[0].id}: nothing more is tried"
        if failures and abs(now - (failures[0].finished_at or failures[0].created_at)) < AGAIN_AFTER:
            return None
        try:
            plan = bound(plan_fence(cluster, old.server, state), cluster, self._world)
        except Misunderstood as nothing:
            return str(nothing)
        if old.promoted != _kept(plan) and not _took_over(plan):
            return f"{_kept(plan)} takes writes, and its timeline history does not tell that it took over"
        if plan.failed_checks:
            return f"it cannot be fenced: {plan.failed_checks[0].evidence}"
        return plan

    def _fence(self, db: Database, cluster: Cluster, old: OldPrimary, plan: Plan, now: datetime) -> Ready:
        details = {"failover": old.operation_id, "promoted": old.promoted, "left_behind_since": old.since}
        line = f"{old.server} takes writes again beside {_kept(plan)} (failover {old.operation_id})"
        document = Document(ORDER, old.server, None, plan)
        ready = approve_by_policy(db, document, cluster.channel, Reason(line, details), self._owner.name, now)
        _record(db, cluster, old, now, f"came back as a primary: fenced by operation {ready.operation.id}")
        return ready

    def _tell(self, db: Database, cluster: Cluster, old: OldPrimary, line: str, now: datetime) -> None:
        """Once for each reason."""
        if not old_primaries.first_told(db, old, line):
            return
        title = f"{cluster.name}: old primary {old.server} takes writes again"
        mend = f"If {old.promoted} is the right one: /ha fence {cluster.name} {old.server}"
        page = Page(
            title, Tone.CRITICAL, f"{title}; {_bare(line)}. {mend}", (text(f"Not fenced: {_bare(line)}."), note(mend))
        )
        show(db, now, cluster.channel, f"old-primary/{old.operation_id}", page)
        _record(db, cluster, old, now, f"came back as a primary, not fenced: {line}")


def _bare(line: str) -> str:
    return line.removesuffix(".")


def _begin(db: Database, cluster: str) -> None:
    for old in old_primaries.unguarded(db, cluster):
        old_primaries.begin_guard(db, old)


def _over(cluster: Cluster, state: ClusterState, old: OldPrimary) -> str | None:
    """Why it needs no guard any more; None while it does."""
    names = {server.name for server in cluster.servers}
    if old.server not in names or old.promoted not in names:
        return "the settings do not have both any more"
    server, promoted = state.server(old.server), state.server(old.promoted)
    primaries = [one for one in state.servers if one.role is Role.PRIMARY]
    if _streams(server) and len(primaries) == 1:  # the promoted one, or whoever was promoted after it
        return f"it follows {primaries[0].name} as a standby" if _same_timeline(server, primaries[0]) else None
    if _streams(promoted) and server.role is Role.PRIMARY:
        return f"{old.promoted} follows it as a standby"
    return None


def _streams(server: ServerState) -> bool:
    receiver = server.sql.receiver if server.sql else None
    return server.role is Role.STANDBY and receiver is not None and receiver.status == "streaming"


def _same_timeline(one: ServerState, other: ServerState) -> bool:
    return one.sql is not None and other.sql is not None and one.sql.timeline == other.sql.timeline


def _failures(db: Database, cluster: str, old: OldPrimary) -> list[Operation]:
    """The guard's own fences that have failed since one succeeded, newest first; what people ordered is theirs."""
    fences = [
        one
        for one in list_operations(db, cluster=cluster, limit=20)
        if one.kind == "fence" and one.requester.id == UNDERSTUDY.id and one.created_at >= old.since
    ]
    since = takewhile(lambda one: one.state is not OperationState.SUCCEEDED, fences)
    return [one for one in since if one.state is OperationState.FAILED]


def _took_over(plan: Plan) -> bool:
    """Whether the timeline history says so."""
    return all(check.result is CheckResult.PASS for check in plan.checks if check.name == "took_over")


def _kept(plan: Plan) -> str:
    """The server that stays the primary."""
    return dict(plan.facts)["kept"]


def _record(db: Database, cluster: Cluster, old: OldPrimary, now: datetime, what: str) -> None:
    details = {"server": old.server, "promoted": old.promoted, "failover": old.operation_id, "what": what}
    record_own(db, now, AuditKind.OLD_PRIMARY, cluster.name, cluster.channel, details)
