"""`/ha restore keep [operation]`: a restored instance is kept for four hours more."""

from collections.abc import Sequence

from sqlite_utils import Database

from commands.asked import Asked
from commands.command import Misunderstood
from commands.parse import echo
from commands.people import Person
from commands.records import record
from commands.restoring.actions import KEPT
from commands.restoring.cards import show_instance
from commands.world import World
from ledger.audit import AuditKind
from ledger.instances import RestoredInstance, find_instance, instances_there, keep_instance
from ledger.page import Moment, Page, Tone, text


class RestoreKeep:
    """The deed: nothing on a server changes, only when people are reminded of it."""

    name = "restore keep"
    usage = "restore keep [operation]"
    summary = "Keep a restored instance for 4 h more"
    right = "restore"

    async def do(self, asked: Asked, person: Person, words: Sequence[str], world: World) -> Page:
        return await world.ledger.write(lambda db: _keep(db, asked, words, world))


def _keep(db: Database, asked: Asked, words: Sequence[str], world: World) -> Page:
    one, now = _meant(instances_there(db), words), world.now()
    until = now + KEPT
    keep_instance(db, one.operation, until)
    record(db, asked, "do", AuditKind.INSTANCE_KEPT, one.cluster, {"operation": one.operation, "until": until})
    kept = find_instance(db, one.operation)
    if kept is not None and one.cluster in world.clusters:
        show_instance(db, kept, world.clusters[one.cluster].channel, now)
    title = f"{one.cluster} as of {one.target} is kept"
    return Page(title, Tone.GOOD, title, (text("Until ", Moment(until), f", on {one.server}."),))


def _meant(there: Sequence[RestoredInstance], words: Sequence[str]) -> RestoredInstance:
    """Raises Misunderstood."""
    named = [word.upper() for word in words]
    meant = [one for one in there if not named or one.operation in named]
    if not meant:
        which = f"of operation {echo(' '.join(words))}" if words else "at all"
        raise Misunderstood(f"There is no restored instance {which}. What there is: /ha restore")
    if len(meant) > 1:
        names = ", ".join(f"{one.operation} ({one.target})" for one in meant)
        raise Misunderstood(f"Which one? There are {names}. Type: /ha restore keep {meant[0].operation}")
    return meant[0]
