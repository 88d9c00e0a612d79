"""A restored instance as its channel sees it: where it is, until when, and what can be done with it."""

from datetime import datetime

from sqlite_utils import Database

from commands.records import record_own, show
from commands.restoring.left import Left, left_of
from ledger.audit import AuditKind
from ledger.instances import RestoredInstance, instances_overdue, reminded_of_instance
from ledger.page import Button, Facts, Moment, Page, Tone, note, text

KEEP, DROP_IT, CUT_OVER = "restore.keep", "restore.drop", "restore.cut_over"


def instance_card(operation: str) -> str:
    return f"restored/{operation}"


def instance_page(one: RestoredInstance, *, late: bool = False) -> Page:
    """The message with its buttons; without any once it is gone."""
    over = one.dropped_at is not None
    title = f"{one.cluster} as of {one.target} {_state(one, over=over, late=late)}"
    if over:
        return Page(title, Tone.INFO, f"{title}.", (note(f"Operation {one.operation}"),))
    which = f"{one.cluster} {one.operation}"
    facts = Facts(
        (("Server", (one.server,)), ("Directory", (one.directory,)), ("Kept until", (Moment(one.keep_until),)))
    )
    line = "It takes no writes, and nothing removes it by itself."
    buttons = (
        Button(KEEP, "Keep for 4 h", which),
        Button(DROP_IT, "Drop…", which, "danger"),
        Button(CUT_OVER, "Cut over…", which, "danger"),
    )
    tone = Tone.WARNING if late else Tone.GOOD
    return Page(title, tone, f"{title}. {line}", (text(line), facts, note(f"Operation {one.operation}")), buttons)


def show_instance(db: Database, one: RestoredInstance, channel: str, now: datetime) -> None:
    """Its card as it is now."""
    show(db, now, channel, instance_card(one.operation), instance_page(one, late=one.keep_until <= now))


def remind(db: Database, channels: dict[str, str], now: datetime) -> int:
    """Says of each that is past its time what is still there, once; how many there were. `channels`: by cluster."""
    late = instances_overdue(db, now)
    for one in late:
        reminded_of_instance(db, one.operation, now)
        channel = channels.get(one.cluster)
        details = {"operation": one.operation, "server": one.server, "directory": one.directory}
        record_own(db, now, AuditKind.INSTANCE_OVERDUE, one.cluster, channel, details)
        if channel is not None:
            left = left_of(db, one.operation)
            if left is Left.STANDS:
                show_instance(db, one, channel, now)
            # A post of its own: a card that changes in place is not noticed.
            again = f"{instance_card(one.operation)}/{now:%Y%m%d%H%M}"
            show(db, now, channel, again, _reminder(one, left))
    return len(late)


def _reminder(one: RestoredInstance, left: Left) -> Page:
    which = f"{one.cluster} {one.operation}"
    match left:
        case Left.BROKEN | Left.REST:
            failed = " that failed" if left is Left.BROKEN else ""
            title = f"What a restore of {one.cluster}{failed} has left is still on {one.server}"
            line = f"{one.directory}, as of {one.target}. Remove it: /ha restore drop {which}"
        case Left.SETTINGS:
            title = f"{one.server} still has the recovery settings of a restore"
            line = f"Started as a standby, it would stop at {one.target}. Take them off: /ha restore settle {which}"
        case Left.IN_PLACE:
            title = f"{one.server} still stands at {one.target}, and follows nobody"
            line = f"It cannot take over. Make it follow again: /ha restore follow {which}"
        case _:
            title = f"{one.cluster} as of {one.target} still stands on {one.server}"
            line = f"Its time is over. Keep it: /ha restore keep {which}. Drop it: /ha restore drop {which}"
    return Page(title, Tone.WARNING, f"{title}. {line}", (text(line),))


def _state(one: RestoredInstance, *, over: bool, late: bool) -> str:
    if over:
        return "does not stand beside any more"
    return f"stands beside on {one.server}" + (", past its time" if late else "")
