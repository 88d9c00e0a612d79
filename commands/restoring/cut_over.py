"""From an instance that stands beside to a restore in place, to the same moment."""

from sqlite_utils import Database

from commands.command import Misunderstood
from commands.document import read_document
from commands.parse import echo
from commands.restoring.acting import TARGET
from commands.restoring.target import read_target
from commands.restoring.words import Wanted, Way
from ledger.operations import NoSuchOperation, get


def cut_over(db: Database, operation: str) -> Wanted:
    """Raises Misunderstood where that operation restored nothing."""
    try:
        facts = dict(read_document(get(db, operation).plan).plan.facts)
    except NoSuchOperation:
        facts = {}
    if TARGET not in facts:
        raise Misunderstood(f"Operation {echo(operation) or 'of no name'} restored nothing. What there is: /ha restore")
    return Wanted(Way.IN_PLACE, read_target(facts[TARGET]))
