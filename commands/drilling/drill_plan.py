"""The plan of a restore drill: a restore beside of everything that is archived, proven and dropped again. Pure."""

from datetime import datetime

from commands.plan import Loss, Plan, Step
from commands.restoring.checks import instance_checks
from commands.restoring.plans import instance_steps, system_of, target_facts
from commands.restoring.seen import Seen
from ledger.drills import RESTORE_DRILL

MARK_TIMEOUT, PROVE_TIMEOUT, DROP_TIMEOUT, JOB_TIMEOUT = 30.0, 3600.0, 900.0, 24 * 3600.0


def plan_drill(seen: Seen, now: datetime) -> Plan:
    host, backup = seen.host.name, seen.serving.backup
    # To look into it is what people do; nobody is shown an instance that is about to go.
    restored = tuple(step for step in instance_steps(seen) if step.action != "look")
    mark = Step(
        "mark_drill",
        host,
        "Note the time, and where the primary is",
        "From here the clock measures the RTO; what is written by now, and is not in the archive, is the RPO.",
        "the primary tells its position",
        MARK_TIMEOUT,
    )
    prove = Step(
        "prove",
        host,
        "Prove what came back",
        "Counts rows of a sample of tables in every database, checks a sample of indexes with amcheck where it is "
        "installed, dumps each schema, and asks for checksum failures.",
        "everything can be read",
        PROVE_TIMEOUT,
    )
    verify = Step(
        "verify_backup",
        host,
        f"Verify {backup.name}",
        "Reads every file of the backup, and compares it with its checksums.",
        "no file is missing or differs",
        JOB_TIMEOUT,
    )
    drop = Step(
        "drop_drilled",
        host,
        "Drop the restored instance",
        "Stops it, and removes the directory that this drill has made, and nothing else.",
        "the directory is gone",
        DROP_TIMEOUT,
    )
    return Plan(
        kind=RESTORE_DRILL,
        cluster=seen.cluster.name,
        system_identifier=system_of(seen.state),
        timeline=backup.timeline or 0,
        source=None,
        target=host,
        steps=(mark, *restored, prove, drop, verify),
        checks=instance_checks(seen, now),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, "The live cluster is not touched."),
        facts=(*target_facts(seen), ("verified backup", backup.name), ("repository", backup.repository)),
        consequence=f"{backup.name} is restored on {host} beside what runs there, proven, and dropped again",
        dangerous=False,
    )
