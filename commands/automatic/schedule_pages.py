"""What is said in the channel about scheduled orders."""

from datetime import datetime

from commands.automatic.policy import Scheduled
from commands.parse import COMMAND
from ledger.page import Moment, Page, Span, Tone, text
from servers.backups.partial.place import PartKind


def card_key(cluster: str, job: str, due: datetime) -> str:
    """One message a turn: that it waits, and what became of it."""
    return f"schedule/{cluster}/{job}/{due:%Y%m%dT%H%M%SZ}"


def taken_up(cluster: str, scheduled: Scheduled, following: datetime | None) -> Page:
    title = f"{_what(scheduled)} of {cluster} by itself: {scheduled.timetable.spoken} UTC"
    spans: tuple[Span, ...] = ("The next one: ", Moment(following)) if following else ()
    return _page(title, Tone.INFO, f"{_by(scheduled)}.", *spans)


def started(cluster: str, scheduled: Scheduled, due: datetime, operation: str) -> Page:
    title = f"{_what(scheduled)} of {cluster} starts by itself: operation {operation}"
    said = f"{_by(scheduled)}. To stop it: {COMMAND} cancel {operation}."
    return _page(title, Tone.RUNNING, said, "It was due ", Moment(due))


def waits(cluster: str, scheduled: Scheduled, due: datetime, against: str) -> Page:
    title = f"{_what(scheduled)} of {cluster} waits"
    return _page(title, Tone.WARNING, f"{against}. It is tried again for an hour.", "It was due ", Moment(due))


def left_out(cluster: str, scheduled: Scheduled, due: datetime, why: str) -> Page:
    title = f"{_what(scheduled)} of {cluster} was left out"
    again = " ".join((COMMAND, scheduled.order, *scheduled.before, cluster, *scheduled.after))
    return _page(title, Tone.WARNING, f"{why}. If it is needed now: {again}.", "It was due ", Moment(due))


def _page(title: str, tone: Tone, said: str, *when: Span) -> Page:
    """What is said stands in the notification as well."""
    return Page(title=title, tone=tone, summary=f"{title}. {said}", parts=(text(f"{said} ", *when),))


def _what(scheduled: Scheduled) -> str:
    if scheduled.order == "drill":
        return f"{scheduled.before[0]} drill".capitalize()
    kind, *named = scheduled.after
    if not named:
        return scheduled.order.capitalize()
    return " ".join(("Dump" if kind == PartKind.DUMP else f"Backup of {kind}", *named))


def _by(scheduled: Scheduled) -> str:
    return f"Set by {scheduled.set_by} in the settings"
