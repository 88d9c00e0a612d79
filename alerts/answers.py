"""What somebody who pressed a button on an alert is told."""

from alerts.wording import mention, title_of
from ledger.alerts import AlertRow
from ledger.page import Moment, Page, Span, Tone, text


def acknowledged_page(alert: AlertRow) -> Page:
    line = f"You have acknowledged: {title_of(alert)}"
    return Page("Acknowledged", Tone.GOOD, line, (text(line),))


def silenced_page(alert: AlertRow) -> Page:
    line = f"Silenced: {title_of(alert)}"
    return Page("Silenced", Tone.GOOD, line, (text(line, *_until(alert)),))


def resolved_page(alert: AlertRow) -> Page:
    line = f"It is resolved already: {title_of(alert)}"
    when: tuple[Span, ...] = () if alert.resolved_at is None else (", since ", Moment(alert.resolved_at))
    return Page("Resolved already", Tone.INFO, line, (text(line, *when),))


def no_such_alert(alert_id: str) -> Page:
    line = f"There is no alert {alert_id[:20]!r}. /ha alerts lists those that are open."
    return Page("No such alert", Tone.INFO, line, (text(line),))


def acknowledged_before_page(alert: AlertRow) -> Page:
    """Who acknowledged it first, and when."""
    title = "Acknowledged already"
    if alert.acknowledged_by is None or alert.acknowledged_at is None:
        return acknowledged_page(alert)
    spoken = f"{title} by {alert.acknowledged_by.name}: {title_of(alert)}"
    first: tuple[Span, ...] = (mention(alert.acknowledged_by), " was first, at ", Moment(alert.acknowledged_at))
    return Page(title, Tone.INFO, spoken, (text(*first),))


def silenced_before_page(alert: AlertRow) -> Page:
    """Who silenced it for at least as long."""
    title = "Silenced already"
    if alert.silenced_by is None:
        return silenced_page(alert)
    spoken = f"{title} by {alert.silenced_by.name}: {title_of(alert)}"
    return Page(title, Tone.INFO, spoken, (text(mention(alert.silenced_by), " was first", *_until(alert)),))


def still_on_it_page(alert: AlertRow) -> Page:
    line = f"You are on it: {title_of(alert)}"
    return Page("Still on it", Tone.GOOD, line, (text(line),))


def nobody_asks_page(alert: AlertRow) -> Page:
    """The question was answered, or nobody waits for an answer any more."""
    line = f"Nobody is asked any more: {title_of(alert)}"
    if alert.acknowledged_by is not None:
        return Page("Answered already", Tone.INFO, line, (text(mention(alert.acknowledged_by), " is on it."),))
    mend = "There was no answer in time, and others were called. Acknowledge it on its card if you are on it."
    return Page("Too late", Tone.INFO, f"{line}. {mend}", (text(mend),))


def _until(alert: AlertRow) -> tuple[Span, ...]:
    if alert.silenced_until is None:
        return (", until it is resolved.",)
    return (", until ", Moment(alert.silenced_until))
