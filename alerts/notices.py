"""What to say about an alert: one card that is updated in place, and a line in its thread for each change of state.

Pure. A card is a page under the key `alert/ID`; a line has a key below it and the card as its parent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.just_before import MOST as MOST_BEFORE
from alerts.lifecycle import Change, Transition, held, own_group
from alerts.lines import answered_page, flapping_text, line_page
from alerts.routes import Call
from alerts.rules.rule import Rule
from alerts.standing import NOTHING_STANDS, Standing
from alerts.wording import mention, resolved_title, rule_of, title_of, tone_of, until
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.maintenance import Maintenance
from ledger.page import Button, Facts, Item, Items, Link, Mention, Moment, Note, Page, Part, Span, Tone, note, text
from ledger.quantities import seconds_text
from servers.inventory import Cluster
from servers.lag import received_lsn
from servers.state import ClusterState, Role, ServerState

ACKNOWLEDGE = "alert.acknowledge"
SILENCE = "alert.silence"
FAIL_OVER = "promote.open"
TIMELINE = "timeline.show"

UNTIL_RESOLVED = "resolved"
# What the silence menu offers: its value, its label, and for how many seconds (None: until resolved).
SILENCES: tuple[tuple[str, str, float | None], ...] = (
    ("15m", "15 minutes", 15 * 60.0),
    ("1h", "1 hour", 60 * 60.0),
    (UNTIL_RESOLVED, "Until resolved", None),
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a card shows besides its alert: where one could fail over to, what is held back because of it, whether it
    has just fired again, what stands beside it, whom its route calls, its rule (None: a built-in one's), the address of
    its runbook, what else changed just before it, and who waits for a lock meanwhile."""

    standby: str | None = None
    consequences: tuple[AlertRow, ...] = ()
    again: bool = False
    standing: Standing = NOTHING_STANDS
    calls: tuple[Call, ...] = ()
    rule: Rule | None = None
    runbook: str | None = None
    before: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the thread. `broadcast`: the channel sees it."""

    card: str
    page: Page
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What one change of state puts into the outbox: the card, and lines for its thread. A line whose key was put
    before takes the place of that one."""

    card: str
    page: Page
    lines: tuple[Line, ...] = ()


def notice_of(transition: Transition, context: Context) -> Notice | None:
    """The notice of a change; None while the alert is shown with its cause only (the cause's card lists it)."""
    alert = transition.after
    if held(alert):
        return None
    again = transition.change is Change.FIRED_AGAIN
    card, page = own_group(alert.id), card_page(alert, replace(context, again=again))
    lines: list[Line] = []
    answer, before = answered_page(transition), transition.before
    if answer is not None and before is not None and before.attention.asked_at is not None:
        lines.append(Line(_line_key(card, before.attention.asked_at, Change.ASKED), answer))
    if _has_line(transition):
        # Where it is told in another channel from now on, that message calls.
        moved = before is not None and before.raised_in != alert.raised_in
        said = line_page(transition, () if moved else context.calls)
        key = _line_key(card, transition.at, transition.change)
        lines.append(Line(key, said, _is_for_channel(transition)))
    return Notice(card, page, tuple(lines))


def raised_card(alert_id: str) -> str:
    """The second message of an alert that became critical, in the channel of what is critical."""
    return f"{own_group(alert_id)}/raised"


def _line_key(card: str, at: datetime, change: Change) -> str:
    return f"{card}/{at.strftime('%Y%m%dT%H%M%S.%f')}-{change.name.lower()}"


_WITHOUT_LINE = (Change.FIRED, Change.RELEASED, Change.FLAPPED, Change.STILL_ON_IT)


def _has_line(transition: Transition) -> bool:
    """The first post speaks for itself, and a silenced alert only keeps its card right."""
    silenced_all_along = transition.after.silenced(transition.at) and transition.change is not Change.SILENCED
    was_silenced = transition.before is not None and transition.before.silenced(transition.at)
    resolved_in_silence = transition.change is Change.RESOLVED and was_silenced
    return not (transition.change in _WITHOUT_LINE or silenced_all_along or resolved_in_silence)


def _is_for_channel(transition: Transition) -> bool:
    """An escalation, and a critical alert that is back or that nobody takes up, must not be missed."""
    critical = transition.after.severity is Severity.CRITICAL
    must_be_seen = (Change.FIRED_AGAIN, Change.FLAPPING, Change.REPEATED, Change.LEFT)
    return transition.change is Change.ESCALATED or (critical and transition.change in must_be_seen)


def best_standby(cluster: Cluster, state: ClusterState | None, primary: str | None) -> str | None:
    """Where to fail over to: of the standbys that answer, the one that has received most. Before anything was seen,
    the only other server of a pair."""
    if state is None:
        others = [server.name for server in cluster.servers if server.name != primary]
        return others[0] if len(others) == 1 else None
    standbys = [seen for seen in state.servers if seen.role is Role.STANDBY and seen.name != primary]
    return max(standbys, key=_received).name if standbys else None


def _received(server: ServerState) -> int:
    return (received_lsn(server.sql) if server.sql is not None else None) or 0


def card_page(alert: AlertRow, context: Context) -> Page:
    """The card as it is to be now."""
    if alert.state is AlertState.RESOLVED:
        return _resolved_page(alert)
    rule = context.rule or rule_of(alert)
    parts: list[Part] = [
        Facts((("Seen", (alert.value,)), ("Should be", (alert.threshold,)), *_since(alert, context.again))),
        *_evidence(alert),
        *_before(context),
        *([text(f"{rule.why} {rule.mend}")] if rule is not None else []),
        *_flapping(alert),
        *_held_back(alert, context.consequences),
        *_at_work(context.standing.maintenance),
        *_order(context.standing),
        *_marks(alert),
        *_called(alert, context.calls),
        _small_print(alert, context.runbook),
    ]
    title = title_of(alert) if context.standing.maintenance is None else f"{title_of(alert)} (in maintenance)"
    others = sum(other.rule == alert.rule for other in context.consequences)
    summary = f"{title} — {alert.value}{f'; {others} more like it' if others else ''}"
    return Page(title, tone_of(alert), summary, tuple(parts), _buttons(alert, rule, context))


def _since(alert: AlertRow, again: bool) -> tuple[tuple[str, tuple[Span, ...]], ...]:
    since: tuple[str, tuple[Span, ...]] = ("Since", (Moment(alert.since),))
    if alert.fired_at is None or alert.fired_at - alert.since < timedelta(seconds=1):
        return (since,)
    return since, ("Fired again" if again else "Fired", (Moment(alert.fired_at),))


def _resolved_page(alert: AlertRow) -> Page:
    title = f"Resolved: {resolved_title(alert)}"
    ended = alert.resolved_at or alert.last_seen_at
    lasted = seconds_text((ended - alert.since).total_seconds())
    facts = Facts(
        (
            ("Was", (title_of(alert),)),
            ("Seen now", (alert.value,)),
            ("Since", (Moment(alert.since),)),
            ("Resolved", (Moment(ended), f" after {lasted}")),
        )
    )
    parts = (facts, *_evidence(alert), note(f"Alert {alert.id}"))
    return Page(title, Tone.GOOD, f"{title}, after {lasted}", parts, (Button(TIMELINE, "Timeline", alert.id),))


def _evidence(alert: AlertRow) -> tuple[Part, ...]:
    lines = tuple(Item(Tone.INFO, line) for line in alert.evidence.splitlines() if line.strip())
    title = "What was seen" if alert.state is AlertState.RESOLVED else "Evidence"
    return (Items(title, lines),) if lines else ()


def _before(context: Context) -> tuple[Part, ...]:
    """Nothing of it is said to be the cause."""
    lines = (*context.blocked, *context.before)[:MOST_BEFORE]
    return (Items("Just before it", tuple(Item(Tone.INFO, line) for line in lines)),) if lines else ()


def _small_print(alert: AlertRow, runbook: str | None) -> Note:
    said = f"Alert {alert.id}, rule {alert.rule}"
    return note(said) if runbook is None else note(f"{said}. ", Link("Runbook", runbook))


def _held_back(alert: AlertRow, others: Sequence[AlertRow]) -> tuple[Part, ...]:
    """What this message tells with its alert: the same elsewhere, and its consequences."""
    alike = [other for other in others if other.rule == alert.rule]
    follow = [other for other in others if other.rule != alert.rule]
    lists = (("The same at the same time", alike), ("Held back as its consequences", follow))
    return tuple(
        Items(title, tuple(Item(Tone.INFO, title_of(one), one.value) for one in found))
        for title, found in lists
        if found
    )


def _marks(alert: AlertRow) -> tuple[Part, ...]:
    """Who did what about it."""
    marks: list[Note] = []
    if alert.acknowledged_by is not None and alert.acknowledged_at is not None:
        marks.append(note("Acknowledged by ", mention(alert.acknowledged_by), " at ", Moment(alert.acknowledged_at)))
    if alert.silenced_by is not None:
        marks.append(note("Silenced by ", mention(alert.silenced_by), *until(alert.silenced_until)))
    return tuple(marks)


def _flapping(alert: AlertRow) -> tuple[Part, ...]:
    if alert.flapping.since is None:
        return ()
    return (text(f"It comes and goes: {flapping_text(alert)}. It is resolved only when it has been well for a while."),)


def _called(alert: AlertRow, calls: Sequence[Call]) -> tuple[Part, ...]:
    """Who was called so far. Only the first post of a message notifies anybody, and it calls the first of them; the
    others are called by lines of their own."""
    called = calls[: alert.attention.called]
    if not called:
        return ()
    first = called[0].mentions or (Mention(called[0].name),)
    then = "".join(f", then {other.name}" for other in called[1:])
    return (note("Called: ", *first, *([then] if then else [])),)


def _at_work(maintenance: Maintenance | None) -> tuple[Part, ...]:
    """Marked, not hidden: whoever reads it knows that somebody may be the cause."""
    if maintenance is None:
        return ()
    by, until = mention(maintenance.by), Moment(maintenance.until)
    return (note("In maintenance by ", by, " until ", until, f": {maintenance.reason}"),)


def _order(stands: Standing) -> tuple[Part, ...]:
    """In the place of the button that would ask for another."""
    if stands.order is None:
        return ()
    asked = f"{stands.order.kind.capitalize()} asked for by "
    how = "waits for approval" if stands.waits else "is under way"
    return (note(asked, mention(stands.order.requester), f" {how}: operation {stands.order.id}"),)


def _buttons(alert: AlertRow, rule: Rule | None, context: Context) -> tuple[Button, ...]:
    """Only what can still do something."""
    buttons: list[Button] = []
    offers = rule is not None and rule.offers_failover and context.standing.order is None
    if offers and context.standby is not None:
        buttons.append(Button(FAIL_OVER, "Fail over…", f"{alert.cluster} {context.standby}", "danger"))
    if alert.acknowledged_by is None:
        buttons.append(Button(ACKNOWLEDGE, "Acknowledge", alert.id))
    if alert.silenced_by is None or alert.silenced_until is not None:
        choices = tuple((value, label) for value, label, _ in SILENCES)
        buttons.append(Button(SILENCE, "Silence…", alert.id, choices=choices))
    return tuple(buttons)
