"""`/ha audit`: who did what, the last records of the audit log, of one person, cluster, command or time."""

from collections.abc import Sequence

from commands.asked import Asked
from commands.audit_words import MOST, SHOWN, USAGE, understood
from commands.authority import VIEW
from commands.parse import echo
from commands.people import Person
from commands.world import World
from ledger.audit import AuditFilter, AuditRecord, actors, newest
from ledger.page import Page, Table, Tone, note
from ledger.quantities import count_text

LONGEST_WHAT = 80

# Of a record's details, in this order.
_TELLING = (
    "operation", "rule", "subject", "change", "action", "server", "status", "state", "decision", "why", "line"
)  # fmt: skip


class Audit:
    """The view of the audit log. `commands` are the names that records can be looked up by."""

    name = "audit"
    usage = USAGE
    summary = f"The last records of the audit log, {SHOWN} if not told otherwise, at most {MOST}"
    right = VIEW

    def __init__(self, commands: Sequence[str]) -> None:
        self._commands = (*commands, self.name, "help")

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """Newest first."""
        people = await world.ledger.read(actors)
        words = understood(arguments, people, tuple(world.clusters), self._commands, world.now())
        records = await world.ledger.read(lambda db: newest(db, words.count, words.wanted))
        return _page(records, words.wanted)


def _page(records: Sequence[AuditRecord], wanted: AuditFilter) -> Page:
    rows = tuple(
        (
            str(record.sequence),
            f"{record.entry.at:%Y-%m-%d %H:%M:%S}",
            record.entry.actor.name,
            str(record.entry.kind),
            record.entry.cluster or "",
            _what(record),
        )
        for record in records
    )
    title = f"The last {count_text(len(rows), 'record')} of the audit log"
    if wanted != AuditFilter():
        title = f"{count_text(len(rows), 'record')} of the audit log: {_about(wanted)}"
    return Page(
        title=title,
        tone=Tone.INFO,
        summary=title,
        parts=(
            Table(("No.", "UTC", "Who", "What", "Cluster", "Details"), rows),
            note("Verify the whole with: understudy audit verify"),
        ),
    )


def _about(wanted: AuditFilter) -> str:
    """What was asked for, in words, times in UTC."""
    words = []
    if wanted.people is not None:
        words.append(f"by {', '.join(map(echo, wanted.people))}")
    words += [f"{name} {value}" for name, value in (("cluster", wanted.cluster), ("command", wanted.command)) if value]
    words += [f"from {wanted.since:%Y-%m-%d %H:%M} UTC"] if wanted.since else []
    words += [f"to {wanted.until:%Y-%m-%d %H:%M} UTC"] if wanted.until else []
    return ", ".join(words)


def _what(record: AuditRecord) -> str:
    """The telling part of a record's details, in short."""
    details = record.entry.details
    words = [str(details[key]) for key in _TELLING if details.get(key) is not None]
    what = " ".join(words) or record.entry.text or ""
    return echo(what) if len(what) > LONGEST_WHAT else what
