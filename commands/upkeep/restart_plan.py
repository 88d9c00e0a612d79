"""The plan of a restart: what it cuts off, what it puts in force, and what speaks against it. Pure."""

from dataclasses import dataclass

from commands.plan import Check, CheckResult, Loss, Plan, Step
from commands.promotion.checks import answers_sql, answers_ssh
from commands.promotion.pair import failed, passed, warned
from commands.upkeep.seen import Files, files_are_good
from ledger.page import Table
from ledger.quantities import count_text, seconds_text
from servers.engines.upkeep import InUse
from servers.inventory import Cluster, Server
from servers.state import ClusterState, Role, ServerState

CHECKPOINT_TIMEOUT, RESTART_TIMEOUT = 300.0, 180.0
OUTAGE = 5.0  # seconds to expect of a primary's stop and start after a checkpoint
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ToRestart:
    """The server with what was seen of it; `in_use` is None with the reason in `problem`."""

    cluster: Cluster
    state: ClusterState
    server: Server
    files: Files
    in_use: InUse | None
    problem: str = ""

    @property
    def now(self) -> ServerState:
        return self.state.server(self.server.name)

    @property
    def is_primary(self) -> bool:
        return self.now.role is Role.PRIMARY

    @property
    def pending(self) -> tuple[str, ...]:
        return self.files.configuration.needs_restart if self.files.configuration else ()


def plan_restart(seen: ToRestart) -> Plan:
    name, sql = seen.server.name, seen.now.sql
    role = str(seen.now.role)
    return Plan(
        kind="restart",
        cluster=seen.cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=None,
        target=name,
        steps=_steps(seen),
        checks=_checks(seen),
        outage_seconds=OUTAGE if seen.is_primary else 0.0,
        loss=Loss(0, 0.0, "A fast stop writes a checkpoint. Transactions that are open are rolled back."),
        listing=_listing(seen),
        facts=(
            ("role", role),
            ("running since", sql.started_at.isoformat() if sql else "not known"),
            ("files", seen.files.digest),
            ("settings put in force", ", ".join(seen.pending) or "none"),
        ),
        consequence=f"{name}, the {role}, will be stopped and started again",
        dangerous=seen.is_primary,
    )


def _steps(seen: ToRestart) -> tuple[Step, ...]:
    name = seen.server.name
    role = "primary" if seen.is_primary else "standby"
    follow = (
        f", {' and '.join(seen.in_use.replicas)} streams from it again" if seen.in_use and seen.in_use.replicas else ""
    )
    outage = "The outage begins and ends here." if seen.is_primary else "Sessions on this standby are cut off."
    return (
        Step(
            "checkpoint",
            name,
            f"Checkpoint on {name}",
            "Writes out what is dirty, so that the stop is short. Clients notice nothing.",
            "CHECKPOINT returns",
            CHECKPOINT_TIMEOUT,
        ),
        Step(
            "restart",
            name,
            f"Restart {name}",
            f"A fast stop and a start by the service's own means. {outage}",
            f"it is the {role} again, no setting waits for a restart{follow}",
            RESTART_TIMEOUT,
        ),
    )


def _checks(seen: ToRestart) -> tuple[Check, ...]:
    first = (answers_sql(seen.now), answers_ssh(seen.now))
    if seen.now.sql is None:
        return first
    return (*first, files_are_good(seen.files), _pending(seen), *_used(seen), *_others(seen))


def _pending(seen: ToRestart) -> Check:
    title = "What the restart puts in force"
    if not seen.pending:
        return passed("pending", title, "no setting waits for a restart")
    return passed("pending", title, ", ".join(seen.pending))


def _used(seen: ToRestart) -> tuple[Check, ...]:
    name, used = seen.server.name, seen.in_use
    if used is None:
        return (failed("in_use", f"Who uses {name}", seen.problem),)
    long = used.long_transactions
    oldest = f", the oldest for {seconds_text(long[0].seconds)} by {long[0].who}" if long else ""
    return (
        _counted("sessions", "Sessions that are cut off", used.sessions, "session"),
        _counted("transactions", "Long transactions that are rolled back", len(long), "transaction", oldest),
        _counted("base_backups", "Base backups that break off", used.base_backups, "base backup"),
    )


def _counted(name: str, title: str, count: int, word: str, more: str = "") -> Check:
    result = CheckResult.WARN if count else CheckResult.PASS
    return Check(name, title, result, f"{count_text(count, word)}{more}" if count else "none")


def _others(seen: ToRestart) -> tuple[Check, ...]:
    """Who is touched besides: replicas, and commits that wait for this very standby."""
    name, used = seen.server.name, seen.in_use
    checks = []
    if used is not None and used.replicas:
        checks.append(warned("replicas", f"Who streams from {name}", f"{', '.join(used.replicas)}: until it is back"))
    primaries = [one for one in seen.state.servers if one.role is Role.PRIMARY and one.name != name]
    waits = [one.name for one in primaries if one.sql and one.sql.synchronous_standby_names]
    if waits and not seen.is_primary:
        evidence = f"synchronous_standby_names is set on {waits[0]}: commits may wait until {name} is back"
        checks.append(warned("synchronous", f"Commits on {waits[0]}", evidence))
    return tuple(checks)


def _listing(seen: ToRestart) -> Table | None:
    long = seen.in_use.long_transactions if seen.in_use else ()
    if not long:
        return None
    rows = tuple((str(one.pid), one.who, one.state, seconds_text(one.seconds)) for one in long[:_SHOWN])
    return Table(("Process", "Who", "State", "Open for"), rows)
