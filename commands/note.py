"""`/ha note [cluster] TEXT`: what somebody does elsewhere, for those who ask what changed: a deploy, a migration."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from commands.asked import Asked
from commands.authority import ACKNOWLEDGE
from commands.command import Misunderstood
from commands.parse import COMMAND
from commands.people import Person
from commands.records import record
from commands.tidy import LONGEST_REASON, tidy
from commands.world import World
from ledger.audit import AuditKind
from ledger.page import Page, Tone, text


@dataclass(frozen=True, slots=True)
class Written:
    """`cluster` None: it concerns all of them."""

    cluster: str | None
    note: str


class Note:
    """The deed: nothing but a record of the audit log, which alerts, plots and timelines show."""

    name = "note"
    usage = "note [cluster] TEXT"
    summary = "Note what was changed (a deploy, a migration): alerts that follow and timelines show it"
    right = ACKNOWLEDGE  # who answers alerts; what is noted stands on their cards

    async def do(self, asked: Asked, person: Person, words: Sequence[str], world: World) -> Page:
        written = understand(words, tuple(world.clusters))
        details = {"note": written.note}
        await world.ledger.write(lambda db: record(db, asked, "do", AuditKind.NOTE, written.cluster, details).sequence)
        line = "Alerts that begin within half an hour show it, and so do plots and /ha timeline."
        title = f"Noted for {written.cluster or 'all clusters'}"
        return Page(title, Tone.GOOD, f"{title}: {written.note}", (text(f"“{written.note}”"), text(line)))


def understand(words: Sequence[str], clusters: Collection[str]) -> Written:
    """Pure. The only cluster there is need not be named. Raises Misunderstood."""
    left, cluster = list(words), next(iter(clusters)) if len(clusters) == 1 else None
    if left and left[0].casefold() in clusters:
        cluster = left.pop(0).casefold()
    note = tidy(" ".join(left))
    if not note:
        raise Misunderstood(f"What is to be noted? Type: {COMMAND} {Note.usage}")
    if len(note) > LONGEST_REASON:
        raise Misunderstood(f"That note is {len(note)} characters long; {LONGEST_REASON} are enough.")
    return Written(cluster, note)
