"""`/ha restore [cluster] [server]`: which base backups there are, and what a restore of the newest would take."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from commands.command import Action, Meant, Misunderstood
from commands.parse import resolve
from commands.plan import Check, CheckResult, Conclusion, Loss, Plan, Step
from commands.world import World
from ledger.page import Table
from ledger.quantities import bytes_text, seconds_text
from servers.inventory import Cluster
from servers.lsn import format_lsn
from servers.state import BackupState, BaseBackup, ClusterState, Role
from servers.verdict import judge

BACKUPS_SHOWN = 10
RATE = 100e6  # bytes a second that a restore copies, as a first guess
TIMEOUT = 6 * 3600.0


class Restore:
    """The order to restore a server from a base backup: its plan can be read, it cannot be carried out yet."""

    name = "restore"
    usage = "restore [cluster] [server]"
    summary = "List the base backups and show what a restore would take (carrying it out is not available yet)"
    right = "restore"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The cluster, and the server to restore where one is named."""
        return Meant(*resolve(arguments, world.clusters, self.usage))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """The plan for the newest complete backup. Raises Misunderstood where there is none."""
        cluster = meant.cluster
        if cluster.backups is None:
            raise Misunderstood(
                f"The settings name no backups for {cluster.name}: add [clusters.{cluster.name}.backups]."
            )
        backups = await world.backups.list(cluster)
        return plan_restore(cluster, meant.server, state, backups, world.now())

    def actions(self) -> Mapping[str, Action]:
        """None: the plan always carries a failed check, so that it cannot be asked for."""
        return {}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        return Conclusion(f"{plan.target} was restored.")


def plan_restore(
    cluster: Cluster, server: str | None, state: ClusterState, backups: BackupState, now: datetime
) -> Plan:
    """Pure. Raises Misunderstood."""
    if not backups.answer.ok:
        raise Misunderstood(
            f"The backups of {cluster.name} could not be listed: {backups.answer.how}. Try each way: understudy check"
        )
    complete = [backup for backup in backups.backups if backup.finished_at is not None]
    if not complete:
        raise Misunderstood(f"No complete base backup of {cluster.name} was found: take one now (pg_basebackup).")
    newest = max(complete, key=lambda backup: backup.finished_at or backup.started_at or now)
    target = server or _standby(cluster, state)
    facts = next((one.sql for one in state.servers if one.sql), None)
    return Plan(
        kind="restore",
        cluster=cluster.name,
        system_identifier=facts.system_identifier if facts else "",
        timeline=newest.timeline or 0,
        source=None,
        target=target,
        steps=_steps(cluster, target, newest),
        checks=_checks(backups, newest, now),
        outage_seconds=None,
        loss=Loss(None, None, f"Everything after the recovery target. {_window(backups)}"),
        listing=_listing(backups.backups, now),
    )


def _standby(cluster: Cluster, state: ClusterState) -> str:
    """A restore goes to a standby first if nobody says otherwise."""
    standbys = judge(cluster, state).standbys
    down = [server.name for server in state.servers if server.role is Role.UNKNOWN]
    return next(iter((*standbys, *down, cluster.servers[0].name)))


def _steps(cluster: Cluster, target: str, backup: BaseBackup) -> tuple[Step, ...]:
    def step(action: str, title: str, does: str, verified_by: str) -> Step:
        return Step(action, target, title, does, verified_by, TIMEOUT)

    return (
        step("stop", f"Stop {target}", "A fast stop.", "no postmaster is left"),
        step(
            "move_aside",
            "Move the data directory aside",
            f"The old directory of {target} is kept under another name; nothing is deleted.",
            "the old directory is found under its new name",
        ),
        step(
            "copy",
            f"Copy {backup.name}",
            f"{bytes_text(backup.size)}, about {seconds_text(backup.size / RATE)}.",
            "pg_verifybackup against the backup_manifest",
        ),
        step(
            "recover",
            "Recover up to the target",
            "Replays the archived WAL up to the recovery target, and pauses there.",
            "pg_last_wal_replay_lsn() and the log",
        ),
        step("check", "Check and open", "Rows can be looked at before it is opened for writes.", "a real write"),
    )


def _checks(backups: BackupState, newest: BaseBackup, now: datetime) -> tuple[Check, ...]:
    archived = backups.last_archived_at
    return (
        Check(
            "available",
            "Carrying out a restore",
            CheckResult.FAIL,
            "not available yet. This plan is to read, or to follow by hand",
        ),
        Check("backup", "A complete base backup", CheckResult.PASS, f"{newest.name}, {_when(newest.finished_at, now)}"),
        Check(
            "archive",
            "Archived WAL after it",
            CheckResult.PASS
            if archived and newest.finished_at and archived >= newest.finished_at
            else CheckResult.WARN,
            f"last segment {_when(archived, now)}" if archived else "none found",
        ),
    )


def _window(backups: BackupState) -> str:
    finished = min(backup.finished_at for backup in backups.backups if backup.finished_at is not None)
    last = backups.last_archived_at
    if last is None or last <= finished:
        return "Without archived WAL the target can only be the end of a backup."
    return f"The target can be any moment between {finished:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} UTC."


def _listing(backups: Sequence[BaseBackup], now: datetime) -> Table:
    rows = tuple(
        (
            backup.name,
            _when(backup.finished_at, now) if backup.finished_at else "not complete",
            bytes_text(backup.size),
            str(backup.timeline) if backup.timeline is not None else "unknown",
            format_lsn(backup.start_lsn) if backup.start_lsn is not None else "unknown",
        )
        for backup in backups[:BACKUPS_SHOWN]
    )
    return Table(("Base backup", "Finished", "Size", "Timeline", "Start"), rows)


def _when(at: datetime | None, now: datetime) -> str:
    return "unknown" if at is None else f"{seconds_text(max((now - at).total_seconds(), 0.0))} ago"
