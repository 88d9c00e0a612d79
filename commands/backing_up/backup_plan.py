"""The plan of a base backup, and that of a verification. Pure."""

from commands.backing_up.checks import ToBackUp, checks_of
from commands.plan import Check, Loss, Plan, Step
from commands.promotion.pair import passed, warned
from ledger.quantities import bytes_text, count_text, seconds_text
from servers.backups.wanted import BackupKind
from servers.inventory import Cluster, Server
from servers.state import BackupState, BaseBackup, ClusterState

JOB_TIMEOUT = 24 * 3600.0
LIST_TIMEOUT = 60.0
EXPIRY_TIMEOUT = 300.0
NO_LOSS = Loss(0, 0.0, "The servers are only read from.")
WORDS = {BackupKind.FULL: "full", BackupKind.DIFFERENTIAL: "differential", BackupKind.INCREMENTAL: "incremental"}


def plan_backup(seen: ToBackUp) -> Plan:
    name = seen.source.server
    return Plan(
        kind="backup",
        cluster=seen.cluster.name,
        system_identifier=_system(seen.state, name),
        timeline=_timeline(seen.state, name),
        source=None,
        target=name,
        steps=_backup_steps(seen),
        checks=checks_of(seen),
        outage_seconds=0.0,
        loss=NO_LOSS,
        facts=(("backup", str(seen.kind)), ("taken from", name), ("tool", seen.tool), *_kept_fact(seen.cluster)),
        consequence=f"a {WORDS[seen.kind]} backup of {seen.cluster.name} is taken from {name} and verified",
        dangerous=False,
    )


def plan_verification(
    cluster: Cluster, state: ClusterState, server: Server, tool: str, backups: BackupState, backup: BaseBackup
) -> Plan:
    """Of one backup. `server` is only where the step is shown to act: the tool knows the host that has it."""
    return Plan(
        kind="backup verification",
        cluster=cluster.name,
        system_identifier=_system(state, server.name),
        timeline=_timeline(state, server.name),
        source=None,
        target=server.name,
        steps=(_verify_step(server.name, backup.name), _list_step(server.name)),
        checks=(_is_there(backup), _last_time(backups, backup)),
        outage_seconds=0.0,
        loss=NO_LOSS,
        facts=(("verified backup", backup.name), ("repository", backup.repository), ("tool", tool)),
        consequence=f"backup {backup.name} is read as a whole and compared with its checksums",
        dangerous=False,
    )


def _backup_steps(seen: ToBackUp) -> tuple[Step, ...]:
    name, word = seen.source.server, WORDS[seen.kind]
    amount = f", about {bytes_text(seen.expected)}" if seen.expected else ""
    take = Step(
        "take_backup",
        name,
        f"Take the {word} backup",
        f"{seen.tool} copies the data directory of {name}{amount}, with the WAL that makes it consistent. It goes on "
        "if Understudy ends; /ha cancel stops it.",
        "the tool says that it is complete",
        JOB_TIMEOUT,
    )
    return take, _verify_step(name, "it"), _list_step(name), *_expiry_steps(seen.cluster, name)


def _verify_step(server: str, what: str) -> Step:
    does = "Reads every file of the backup, and compares it with its checksums."
    return Step("verify_backup", server, f"Verify {what}", does, "no file is missing or differs", JOB_TIMEOUT)


def _list_step(server: str) -> Step:
    does = "Looks for the backup among all of them."
    return Step("see_listed", server, "See it among the backups", does, "it is listed as complete", LIST_TIMEOUT)


def _expiry_steps(cluster: Cluster, server: str) -> tuple[Step, ...]:
    """Where the settings say what is kept: they are the order to remove the rest."""
    kept = _kept(cluster)
    if not kept:
        return ()
    does = f"Removes what the settings do not keep, which is {kept}; never WAL that a backup which stays needs."
    title = "Let go of what is no longer kept"
    return (Step("expire_backups", server, title, does, "the tool names what went", EXPIRY_TIMEOUT),)


def _kept_fact(cluster: Cluster) -> tuple[tuple[str, str], ...]:
    kept = _kept(cluster)
    return (("kept", kept),) if kept else ()


def _kept(cluster: Cluster) -> str:
    keep = cluster.backups.retention if cluster.backups else None
    if keep is None:
        return ""
    newest = f"the newest {count_text(keep.full, 'backup')}" if keep.full > 1 else "the newest backup"
    return newest if keep.age is None else f"{newest} and all moments of the last {seconds_text(keep.age)}"


def _is_there(backup: BaseBackup) -> Check:
    evidence = f"{backup.name}, {bytes_text(backup.size)} ({backup.repository})"
    if backup.finished_at is None:
        return warned("backup", "The backup is there", f"{evidence}, not complete")
    return passed("backup", "The backup is there", evidence)


def _last_time(backups: BackupState, backup: BaseBackup) -> Check:
    if backup.verified_at is None:
        return passed("verified", "Verified before", "not that anybody knows")
    age = max((backups.answer.at - backup.verified_at).total_seconds(), 0.0)
    return passed("verified", "Verified before", f"{seconds_text(age)} ago")


def _system(state: ClusterState, server: str) -> str:
    sql = state.server(server).sql or next((one.sql for one in state.servers if one.sql), None)
    return sql.system_identifier if sql else ""


def _timeline(state: ClusterState, server: str) -> int:
    sql = state.server(server).sql or next((one.sql for one in state.servers if one.sql), None)
    return sql.timeline if sql else 0
