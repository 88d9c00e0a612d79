"""From an instance that stands beside to a restore in place, to the same moment."""

from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from commands.command import Misunderstood
from commands.document import read_document
from commands.parse import echo
from commands.plan import Plan
from commands.promotion.pair import passed
from commands.restoring.acting import TARGET
from commands.restoring.actions import LAST_AT
from commands.restoring.target import read_target
from commands.restoring.words import Wanted, Way
from ledger.operations import NoSuchOperation, get
from ledger.steps import steps
from servers.backups.target import Target, TargetKind

_MOVES_ON = (TargetKind.LATEST, TargetKind.IMMEDIATE)  # what these mean is another moment tomorrow


def cut_over(db: Database, cluster: str, operation: str) -> Wanted:
    """Raises Misunderstood where that operation restored nothing of that cluster, or where it was is not known."""
    facts: dict[str, str] = {}
    try:
        made = get(db, operation)
        if made.cluster == cluster:
            facts = dict(read_document(made.plan).plan.facts)
    except NoSuchOperation:
        pass
    if TARGET not in facts:
        which = echo(operation) or "of no name"
        raise Misunderstood(f"Operation {which} restored nothing of {cluster}. What there is: /ha restore {cluster}")
    return Wanted(Way.IN_PLACE, _fixed(db, operation, read_target(facts[TARGET])))


def restored_once_more(plan: Plan) -> Plan:
    """Says why what people have looked at is not itself put in the place of the live one."""
    evidence = (
        "what stands beside was opened and read from, so its manifest proves nothing of it any more, and it may be on "
        "another host; it stays, to compare with"
    )
    return replace(plan, checks=(*plan.checks, passed("once_more", "It is restored anew, to that moment", evidence)))


def _fixed(db: Database, operation: str, target: Target) -> Target:
    """What people have looked at: its last transaction, where the target's own words would lead elsewhere by now.

    Recovery to a time replays the transactions that were committed at it or before: recoveryStopsBefore in
    src/backend/access/transam/xlogrecovery.c.
    """
    if target.kind not in _MOVES_ON:
        return target
    last = next((one.found[LAST_AT] for one in reversed(steps(db, operation)) if one.found.get(LAST_AT)), None)
    if last is None:
        raise Misunderstood(
            f"Up to when operation {echo(operation)} recovered is not known. Name the moment: --to WHEN"
        )
    return Target.time(datetime.fromisoformat(last))
