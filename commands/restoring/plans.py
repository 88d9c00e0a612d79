"""The plans of a restore beside, of dropping what it made, and the list of what there is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from commands.command import Misunderstood
from commands.parse import echo
from commands.plan import Check, CheckResult, Loss, Plan, Step
from commands.restoring import in_place_steps, steps
from commands.restoring.acting import BACKUP, PRIMARY, TARGET
from commands.restoring.actions import DROPPED
from commands.restoring.checks import instance_checks
from commands.restoring.seen import Seen, sizes_will_do
from commands.restoring.table_actions import DATABASE, SCHEMA, TABLES
from commands.restoring.target import write_target
from commands.restoring.words import Way
from ledger.instances import RestoredInstance
from servers.backups.recovery import target_text
from servers.inventory import Cluster
from servers.state import ClusterState

REMOVAL = "removal of a restored instance"
SETTLEMENT = "settlement of a restored server"


def plan_beside(seen: Seen, now: datetime) -> Plan:
    """Pure. Nothing of the live cluster is touched."""
    host, target = seen.host.name, target_text(seen.target)
    data = seen.host.service.data_directory
    return Plan(
        kind="restore",
        cluster=seen.cluster.name,
        system_identifier=system_of(seen.state),
        timeline=seen.serving.backup.timeline or 0,
        source=target,
        target=host,
        steps=instance_steps(seen, now),
        checks=instance_checks(seen, now),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, "The live cluster is not touched."),
        facts=(*target_facts(seen), ("beside", f"{data}.restore-OPERATION")),
        consequence=f"{seen.cluster.name} as of {target} will stand on {host} beside what runs there, read-only",
        dangerous=False,
    )


def plan_tables(seen: Seen, now: datetime) -> Plan:
    """Beside, on the primary's host, and from there into the live one. Raises Misunderstood."""
    beside, database = plan_beside(seen, now), _database(seen)
    tables = ", ".join(seen.wanted.tables)
    what = tables or "every table"
    timeout = max(steps.SHORTEST_JOB, seen.size / steps.SLOWEST_RATE)
    return replace(
        beside,
        steps=(
            *beside.steps,
            steps.copy_tables(seen.host.name, what, database, timeout),
            steps.see_tables(seen.host.name, database),
        ),
        loss=Loss(0, 0.0, "What is there is not touched: a new schema is added."),
        facts=(*beside.facts, (TABLES, tables), (DATABASE, database), ("into", f"new schema {SCHEMA}OPERATION")),
        consequence=f"{what} of {database} as of {target_text(seen.target)} will be in a new schema of the live one",
    )


def _database(seen: Seen) -> str:
    """The one that is named, else the only one that there is besides PostgreSQL's own."""
    known = tuple(name for name in (seen.live.databases if seen.live else ()) if name != "template1")
    named = seen.wanted.database
    if named:
        if known and named not in known:
            raise Misunderstood(f"There is no database “{echo(named)}”. There are {', '.join(known)}.")
        return named
    own = tuple(name for name in known if name != "postgres") or known
    if len(own) != 1:
        raise Misunderstood(f"Of which database? Type: --database NAME. There are {', '.join(known) or 'none'}.")
    return own[0]


def instance_steps(seen: Seen, now: datetime) -> tuple[Step, ...]:
    """Lay out, recover, look: an instance beside."""
    host, rates = seen.host.name, seen.rates
    newest = (steps.archive_now(seen.primary.name),) if seen.archives_first and seen.primary else ()
    return (
        *newest,
        steps.lay_out(host, seen.serving.backup.name, seen.size, seen.size / rates.lay_out),
        steps.compare(host, seen.size, sizes=sizes_will_do(seen.serving.chain, seen.wanted.way, now)),
        steps.recover(
            host, target_text(seen.target), seen.serving.segment_count, seen.wal_bytes, seen.wal_bytes / rates.replay
        ),
        steps.look(host),
    )


def target_facts(seen: Seen) -> tuple[tuple[str, str], ...]:
    """What is material of every restore: the moment, as an absolute one, and the backup."""
    return (
        ("to", target_text(seen.target)),
        (TARGET, write_target(seen.target)),
        (BACKUP, seen.serving.backup.name),
        ("how", str(seen.wanted.way)),
        (PRIMARY, seen.primary.name if seen.primary else "none"),
    )


def plan_drop(cluster: Cluster, state: ClusterState, there: Sequence[RestoredInstance], operation: str) -> Plan:
    """Raises Misunderstood where it is not clear which one is meant."""
    one = _meant(cluster, there, operation, Way.REMOVE)
    return Plan(
        kind=REMOVAL,
        cluster=cluster.name,
        system_identifier=system_of(state),
        timeline=0,
        source=None,
        target=one.server,
        steps=(steps.drop(one.server, one.directory),),
        checks=(
            Check("made", "Made by an order of ours", CheckResult.PASS, f"operation {one.operation}, {one.target}"),
        ),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, "The live cluster is not touched. What was restored is gone, and can be restored again."),
        facts=((DROPPED, one.operation), ("removed", one.directory)),
        consequence=f"{one.directory} on {one.server} will be removed",
        dangerous=False,
    )


def plan_settle(cluster: Cluster, state: ClusterState, there: Sequence[RestoredInstance], operation: str) -> Plan:
    """Raises Misunderstood where it is not clear whose settings are meant."""
    one = _meant(cluster, there, operation, Way.SETTLE)
    return Plan(
        kind=SETTLEMENT,
        cluster=cluster.name,
        system_identifier=system_of(state),
        timeline=0,
        source=None,
        target=one.server,
        steps=(in_place_steps.settle_left(one.server),),
        checks=(
            Check("made", "Made by an order of ours", CheckResult.PASS, f"operation {one.operation}, {one.target}"),
        ),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, "No data are touched."),
        facts=((DROPPED, one.operation),),
        consequence=f"{one.server} will have its own settings again, without those of the recovery to {one.target}",
        dangerous=False,
    )


def _meant(cluster: Cluster, there: Sequence[RestoredInstance], operation: str, way: Way) -> RestoredInstance:
    """Raises Misunderstood."""
    meant = [one for one in there if operation in ("", one.operation)]
    if not meant:
        what = f"of operation {operation}" if operation else f"of {cluster.name}"
        nothing = "no restored instance" if way is Way.REMOVE else "no server with recovery settings left by a restore"
        raise Misunderstood(f"There is {nothing} {what}.")
    if len(meant) > 1:
        names = ", ".join(f"{one.operation} ({one.target}, on {one.server})" for one in meant)
        raise Misunderstood(
            f"Which one? There are {names}. Type: /ha restore {way} {cluster.name} {meant[0].operation}"
        )
    return meant[0]


def system_of(state: ClusterState) -> str:
    return next((one.sql.system_identifier for one in state.servers if one.sql), "")
