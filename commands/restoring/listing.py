"""`/ha restore` without a moment: what there is, and what to type. Pure."""

from collections.abc import Sequence
from datetime import datetime

from commands.plan import Check, CheckResult, Loss, Plan
from commands.restoring.left import Left
from commands.restoring.plans import system_of
from commands.restoring.seen import default_host
from commands.restoring.target import EXAMPLES
from ledger.instances import RestoredInstance
from ledger.page import Table
from ledger.quantities import bytes_text, seconds_text
from servers.backups.window import RestoreWindow
from servers.inventory import Cluster
from servers.lsn import format_lsn
from servers.state import BackupState, BaseBackup, ClusterState

BACKUPS_SHOWN = 10


def plan_listing(
    cluster: Cluster,
    state: ClusterState,
    backups: BackupState,
    window: RestoreWindow,
    there: Sequence[tuple[RestoredInstance, Left]],
    now: datetime,
) -> Plan:
    """A plan to read: it cannot be asked for, because it names no moment."""
    what_to_type = f"Type: /ha restore {cluster.name} --to WHEN ({EXAMPLES})"
    checks = (
        Check("moment", "To which moment", CheckResult.FAIL, f"{_possible(window)} {what_to_type}"),
        *(_instance(one, left, now) for one, left in there),
    )
    return Plan(
        kind="restore",
        cluster=cluster.name,
        system_identifier=system_of(state),
        timeline=window.timeline or 0,
        source=None,
        target=default_host(cluster, state),
        steps=(),
        checks=checks,
        outage_seconds=0.0,
        loss=Loss(0, 0.0, "Nothing is done."),
        listing=_table(backups.backups, now),
        dangerous=False,
    )


def _instance(one: RestoredInstance, left: Left, now: datetime) -> Check:
    name, which = f"instance_{one.operation}", f"{one.cluster} {one.operation}"
    if left is Left.SETTINGS:
        mend = f"still has the recovery settings: /ha restore settle {which}"
        return Check(name, f"In place on {one.server}: {one.target}", CheckResult.WARN, mend)
    if left is Left.IN_PLACE:
        mend = f"it cannot take over until it follows again: /ha restore follow {which}"
        return Check(name, f"{one.server} stands at {one.target}", CheckResult.WARN, mend)
    if left in (Left.BROKEN, Left.REST):
        mend = f"{one.directory}. Remove it: /ha restore drop {which}"
        failed = " that failed" if left is Left.BROKEN else ""
        return Check(name, f"Left by a restore{failed}, on {one.server}: {one.target}", CheckResult.WARN, mend)
    if left is Left.MAKING:
        return Check(name, f"Being made on {one.server}: {one.target}", CheckResult.PASS, f"operation {one.operation}")
    late = "past its time; " if one.keep_until <= now else ""
    evidence = (
        f"{late}kept until {one.keep_until:%Y-%m-%d %H:%M} UTC. /ha restore keep {which}, or /ha restore drop {which}"
    )
    title = f"Beside {one.server}: {one.target}"
    return Check(name, title, CheckResult.WARN if late else CheckResult.PASS, evidence)


def _possible(window: RestoreWindow) -> str:
    if not window.windows:
        why = window.unusable[0].why if window.unusable else "there is no complete backup"
        return f"Nothing can be restored now: {why}."
    spans = [f"{one.begin_at:%Y-%m-%d %H:%M:%S} to {_end(one.end_at)} UTC" for one in reversed(window.windows)]
    gaps = f", with {len(window.gaps)} gaps between" if len(spans) > 1 else ""
    return f"Possible moments: {'; '.join(spans[:5])}{gaps}."


def _end(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else "an unknown time"


def _table(backups: Sequence[BaseBackup], now: datetime) -> Table:
    rows = tuple(
        (
            backup.name,
            f"{seconds_text(max((now - backup.finished_at).total_seconds(), 0.0))} ago"
            if backup.finished_at
            else "not complete",
            bytes_text(backup.size),
            str(backup.timeline) if backup.timeline is not None else "unknown",
            format_lsn(backup.start_lsn) if backup.start_lsn is not None else "unknown",
            "yes" if backup.verified_at else "no",
        )
        for backup in backups[:BACKUPS_SHOWN]
    )
    return Table(("Base backup", "Finished", "Size", "Timeline", "Start", "Verified"), rows)
