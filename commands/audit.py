"""`/ha audit [n]`: who did what, the last records of the audit log."""

from collections.abc import Sequence

from commands.asked import Asked
from commands.authority import VIEW
from commands.command import Misunderstood
from commands.parse import COMMAND, echo
from commands.people import Person
from commands.world import World
from ledger.audit import AuditRecord, recent
from ledger.page import Page, Table, Tone, note
from ledger.quantities import count_text

SHOWN, MOST = 10, 50
LONGEST_WHAT = 80

# Of a record's details, in this order.
_TELLING = (
    "operation", "rule", "subject", "change", "action", "server", "status", "state", "decision", "why", "line"
)  # fmt: skip


class Audit:
    """The view of the audit log."""

    name = "audit"
    usage = "audit [n]"
    summary = f"The last records of the audit log, {SHOWN} if not told otherwise, at most {MOST}"
    right = VIEW

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """Newest first."""
        count = _count(arguments)
        return _page(await world.ledger.read(lambda db: recent(db, count)))


def _count(arguments: Sequence[str]) -> int:
    if not arguments:
        return SHOWN
    number = arguments[0]
    # Only plain digits: int() also takes other scripts' digits, signs and underscores.
    if len(arguments) > 1 or not (number.isascii() and number.isdigit()):
        raise Misunderstood(f"“{echo(' '.join(arguments))}” is no number. Type: {COMMAND} audit {SHOWN}")
    if len(number) > 4 or not 1 <= int(number) <= MOST:
        raise Misunderstood(f"“{echo(number)}” is not between 1 and {MOST}. Type: {COMMAND} audit {MOST}")
    return int(number)


def _page(records: Sequence[AuditRecord]) -> Page:
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
    return Page(
        title=title,
        tone=Tone.INFO,
        summary=title,
        parts=(
            Table(("No.", "UTC", "Who", "What", "Cluster", "Details"), rows),
            note("Verify the whole with: understudy audit verify"),
        ),
    )


def _what(record: AuditRecord) -> str:
    """The telling part of a record's details, in short."""
    details = record.entry.details
    words = [str(details[key]) for key in _TELLING if details.get(key) is not None]
    what = " ".join(words) or record.entry.text or ""
    return echo(what) if len(what) > LONGEST_WHAT else what
