"""The lines in the thread of an alert's card: one for each change of state that people should hear of. Pure."""

from collections.abc import Sequence

from alerts.lifecycle import Change, Transition
from alerts.routes import Call
from alerts.wording import mention, resolved_title, title_of, tone_of, until
from ledger.alerts import AlertRow, Severity
from ledger.page import Button, Mention, Moment, Page, Span, Text, Tone, note, text
from ledger.quantities import count_text, seconds_text
from ledger.who import Who

STILL = "alert.still"


def line_page(transition: Transition, calls: Sequence[Call] = ()) -> Page:
    """What changed, by whom. `calls` are those of the alert's route: a line that calls somebody names them."""
    alert, before = transition.after, transition.before
    title = title_of(alert)
    match transition.change:
        case Change.ACKNOWLEDGED if alert.acknowledged_by is not None:
            return _by(alert.acknowledged_by, f"{title}: acknowledged", "Acknowledged by ")
        case Change.ASKED if alert.acknowledged_by is not None:
            return _question(alert, alert.acknowledged_by)
        case Change.LEFT if before is not None and before.acknowledged_by is not None:
            return _left(alert, before.acknowledged_by, calls)
        case Change.SILENCED if alert.silenced_by is not None:
            return _by(alert.silenced_by, f"{title}: silenced", "Silenced by ", *until(alert.silenced_until))
        case Change.RESOLVED:
            return _resolved(transition)
        case change:
            head, detail = _HEADS.get(change, f"{change.capitalize()}: "), _detail(transition)
            calling = change in _CALLING and (change is not Change.REPEATED or alert.severity is Severity.CRITICAL)
            return _line(f"{head}{title}", alert, detail, calls if calling else ())


_HEADS = {
    Change.ESCALATED: "Critical now: ",
    Change.EASED: "Warning, no longer critical: ",
    Change.SILENCE_ENDED: "The silence has ended: ",
    Change.FLAPPING: "It comes and goes: ",
    Change.REPEATED: "Still: ",
}
_CALLING = (Change.ESCALATED, Change.FIRED_AGAIN, Change.FLAPPING, Change.REPEATED)


def _detail(transition: Transition) -> str:
    """What was seen, and what is noteworthy about it."""
    alert, before = transition.after, transition.before
    match transition.change:
        case Change.ESCALATED if before is not None and before.value == alert.value:
            return f"{alert.value}; nobody has acknowledged it so far"
        case Change.EASED:
            return f"{alert.value}, should be {alert.threshold}"
        case Change.SILENCE_ENDED:
            return f"still {alert.value}"
        case Change.FLAPPING:
            return flapping_text(alert)
        case Change.REPEATED:
            lasts = seconds_text((transition.at - alert.since).total_seconds())
            return f"{alert.value}; it has lasted {lasts}, and nobody has acknowledged it"
        case _:
            return alert.value


def answered_page(transition: Transition) -> Page | None:
    """What stands in the place of the question whether somebody is still on it, once it is answered or of no use; None
    while it waits, or where nobody was asked."""
    before, alert = transition.before, transition.after
    if before is None or before.attention.asked_at is None or alert.attention.asked_at is not None:
        return None
    asked = before.acknowledged_by
    title = f"Still on it: {title_of(alert)}"
    if transition.change is Change.STILL_ON_IT and alert.acknowledged_by is not None:
        took_over = asked is not None and asked.id != alert.acknowledged_by.id
        verb = "Taken over by " if took_over else "Still on it: "
        return _by(alert.acknowledged_by, title, verb, ", ", Moment(transition.at))
    why = "It is resolved." if transition.change is Change.RESOLVED else "There was no answer."
    return Page(title, Tone.INFO, f"{title}. {why}", (text(why),))


def called_now(alert: AlertRow, calls: Sequence[Call]) -> Call | None:
    """Whom a change calls: the next of the route in turn, the last of them for ever."""
    called = alert.attention.called
    return calls[min(called, len(calls)) - 1] if calls and called else None


def flapping_text(alert: AlertRow) -> str:
    """How often it came and went, and within how long."""
    since = alert.flapping.since or alert.since
    last = alert.flapping.firings[-1] if alert.flapping.firings else alert.last_seen_at
    within = seconds_text(max((last - since).total_seconds(), 1.0))
    return f"fired {count_text(alert.flapping.times, 'time')} within {within}"


def _question(alert: AlertRow, who: Who) -> Page:
    title = f"Still on it? {title_of(alert)}"
    since: tuple[Span, ...] = () if alert.acknowledged_at is None else (" at ", Moment(alert.acknowledged_at))
    asks = Text((mention(who, notify=True), " acknowledged it", *since, f", and it lasts: {alert.value}."))
    goes_on = note("Without an answer the next ones are called, and it counts as nobody's.")
    summary = f"{title}. {who.name} acknowledged it, and it lasts: {alert.value}"
    return Page(title, tone_of(alert), summary, (asks, goes_on), (Button(STILL, "Still on it", alert.id, "primary"),))


def _left(alert: AlertRow, who: Who, calls: Sequence[Call]) -> Page:
    title = f"Nobody is on it: {title_of(alert)}"
    said = Text((mention(who), f" acknowledged it and did not answer. Seen: {alert.value}."))
    summary = f"{title}. {who.name} acknowledged it and did not answer; seen: {alert.value}"
    return Page(title, tone_of(alert), summary, (said, *_calling(alert, calls)))


def _resolved(transition: Transition) -> Page:
    alert = transition.after
    lasted = seconds_text((transition.at - alert.since).total_seconds())
    title = f"Resolved: {resolved_title(alert)}"
    flapped = f" It {flapping_text(alert)}." if alert.flapping.since is not None else ""
    return Page(title, Tone.GOOD, f"{title}, after {lasted}", (text(f"It lasted {lasted}.{flapped}"),))


def _line(title: str, alert: AlertRow, detail: str, calls: Sequence[Call] = ()) -> Page:
    return Page(title, tone_of(alert), f"{title} — {detail}", (text(detail), *_calling(alert, calls)))


def _calling(alert: AlertRow, calls: Sequence[Call]) -> tuple[Text, ...]:
    call = called_now(alert, calls)
    if call is None:
        return ()
    return (Text(("Called: ", *(call.mentions or (Mention(call.name),)))),)


def _by(who: Who, title: str, verb: str, *rest: Span) -> Page:
    spoken = f"{title} by {who.name}"
    return Page(title, Tone.INFO, spoken, (Text((verb, mention(who), *rest)),))
