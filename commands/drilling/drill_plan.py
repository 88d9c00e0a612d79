"""The plan of a restore drill: a restore beside of everything that is archived, proven and dropped again. Pure."""

from datetime import datetime

from commands.drilling import restore_steps
from commands.drilling.judging import judge
from commands.plan import Loss, Plan, Step
from commands.restoring.checks import instance_checks
from commands.restoring.plans import instance_steps, system_of, target_facts
from commands.restoring.seen import Seen
from ledger.drills import RESTORE_DRILL

CHOSEN, VERIFIED = "backup chosen", "verified backup"  # facts: how it was, and which


def plan_drill(seen: Seen, how: str, now: datetime) -> Plan:
    """`how` the backup was chosen, in a word or two."""
    host, backup = seen.host.name, seen.serving.backup
    return Plan(
        kind=RESTORE_DRILL,
        cluster=seen.cluster.name,
        system_identifier=system_of(seen.state),
        timeline=backup.timeline or 0,
        source=None,
        target=host,
        steps=(*_steps(seen, now), judge(host, "the RTO and the RPO")),
        checks=instance_checks(seen, now),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, "The live cluster is not touched."),
        facts=(*target_facts(seen), (VERIFIED, backup.name), ("repository", backup.repository), (CHOSEN, how)),
        consequence=f"{backup.name} is restored on {host} beside what runs there, proven, and dropped again",
        dangerous=False,
    )


def _steps(seen: Seen, now: datetime) -> tuple[Step, ...]:
    host = seen.host.name
    # To look into it is what people do; nobody is shown an instance that is about to go.
    restored = tuple(step for step in instance_steps(seen, now) if step.action != "look")
    proven = (restore_steps.prove(host), restore_steps.drop(host))
    return (restore_steps.mark(host), *restored, *proven, restore_steps.verify(host, seen.serving.backup.name))
