"""What is said in the channel about scheduled orders."""

from datetime import datetime

from commands.automatic.policy import Scheduled
from ledger.page import Moment, Page, Span, Tone, text


def card_key(cluster: str, job: str, due: datetime) -> str:
    """One message a turn: that it waits, and what became of it."""
    return f"schedule/{cluster}/{job}/{due:%Y%m%dT%H%M%SZ}"


def taken_up(cluster: str, scheduled: Scheduled, following: datetime | None) -> Page:
    spans: tuple[Span, ...] = (f"{_when(scheduled)}. ", *(("The next one: ", Moment(following)) if following else ()))
    return _page(f"{_what(scheduled)} of {cluster} by itself: {scheduled.timetable.spoken} UTC", Tone.INFO, *spans)


def started(cluster: str, scheduled: Scheduled, due: datetime, operation: str) -> Page:
    title = f"{_what(scheduled)} of {cluster} starts by itself: operation {operation}"
    return _page(title, Tone.RUNNING, "Due ", Moment(due), f". {_when(scheduled)}. To stop it: /ha cancel {operation}")


def waits(cluster: str, scheduled: Scheduled, due: datetime, against: str) -> Page:
    title = f"{_what(scheduled)} of {cluster} waits"
    return _page(title, Tone.WARNING, f"{against}. Due ", Moment(due), ". It is tried again within the hour.")


def left_out(cluster: str, scheduled: Scheduled, due: datetime, why: str) -> Page:
    title = f"{_what(scheduled)} of {cluster} was left out"
    again = " ".join(("/ha", scheduled.order, *scheduled.before, cluster, *scheduled.after))
    return _page(title, Tone.WARNING, f"{why}. Due ", Moment(due), f". If it is needed now: {again}")


def _page(title: str, tone: Tone, *spans: Span) -> Page:
    said = "".join(span for span in spans if isinstance(span, str)) if all(isinstance(s, str) for s in spans) else ""
    return Page(title=title, tone=tone, summary=f"{title}. {said}".strip(), parts=(text(*spans),))


def _what(scheduled: Scheduled) -> str:
    return scheduled.job.replace("_", " ").capitalize()


def _when(scheduled: Scheduled) -> str:
    return f"Set by {scheduled.set_by} in the settings"
