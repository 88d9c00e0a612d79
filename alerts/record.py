"""Writes changes of state: the alert, its audit record and what is to be said, in the caller's one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from alerts.just_before import read_before
from alerts.lifecycle import Change, Transition, held, own_group
from alerts.notices import Context, card_page, notice_of, raised_card
from alerts.standing import Standing, standing
from alerts.storm_page import draw_storm
from ledger import outbox
from ledger.alerts import AlertRow, save
from ledger.audit import UNDERSTUDY, Actor, AuditEntry, AuditKind, append
from ledger.outbox import OutboxItem

_KINDS = {
    Change.ACKNOWLEDGED: AuditKind.ACKNOWLEDGEMENT,
    Change.STILL_ON_IT: AuditKind.ACKNOWLEDGEMENT,
    Change.LEFT: AuditKind.ACKNOWLEDGEMENT,
    Change.SILENCED: AuditKind.SILENCE,
}


@dataclass(frozen=True, slots=True)
class By:
    """Who changed it and from where. `delivery` is unique to the click, so that it counts once."""

    actor: Actor = UNDERSTUDY
    place: str | None = None
    delivery: str | None = None


ContextOf = Callable[[AlertRow], Context]


def record(
    db: Database,
    transition: Transition,
    channel: str,
    context_of: ContextOf,
    causes: Mapping[str, AlertRow],
    by: By | None = None,
) -> bool:
    """Records one change. `causes` are the firing alerts by message, for the cards that list their consequences.

    False, and nothing is done, when the same delivery was recorded before.
    """
    alert = transition.after
    if append(db, _audit_entry(transition, by or By())).repeated:
        return False
    save(db, alert)
    stands = standing(db, alert.cluster, transition.at)
    notice = None if held(alert) else notice_of(transition, _context(db, alert, context_of(alert), stands))
    if notice is None:
        _redraw_cause(db, transition, channel, context_of, causes.get(alert.group), stands)
        return True
    if transition.before is not None and transition.before.group != alert.group:
        draw_storm(db, transition.before.group, transition.at)
    where = alert.channel or channel
    outbox.put(db, OutboxItem(transition.at, where, notice.card, notice.page))
    if alert.raised_in is not None:
        outbox.put(db, OutboxItem(transition.at, alert.raised_in, raised_card(alert.id), notice.page))
    for line in notice.lines:
        item = OutboxItem(transition.at, where, line.card, line.page, parent=notice.card, broadcast=line.broadcast)
        outbox.put(db, item)
    return True


def _context(db: Database, alert: AlertRow, context: Context, stands: Standing) -> Context:
    """With what the ledger knows of what stands beside the alert, and came before it."""
    return replace(context, standing=stands, before=read_before(db, alert))


def _redraw_cause(
    db: Database,
    transition: Transition,
    channel: str,
    context_of: ContextOf,
    cause: AlertRow | None,
    stands: Standing,
) -> None:
    """Shows what is held back where it is held back."""
    if cause is not None:
        page = card_page(cause, _context(db, cause, context_of(cause), stands))
        outbox.put(db, OutboxItem(transition.at, cause.channel or channel, own_group(cause.id), page))
    draw_storm(db, transition.after.group, transition.at)


def draw_anew(
    db: Database,
    alerts: Sequence[tuple[AlertRow, Context]],
    channel: str,
    stands: Standing,
    now: datetime,
) -> None:
    """Puts the cards in line as they are with what stands beside them. No state has changed, so nothing is recorded."""
    for alert, context in alerts:
        page = card_page(alert, _context(db, alert, context, stands))
        outbox.put(db, OutboxItem(now, alert.channel or channel, own_group(alert.id), page))
        if alert.raised_in is not None:
            outbox.put(db, OutboxItem(now, alert.raised_in, raised_card(alert.id), page))


def record_unwatched(db: Database, transition: Transition) -> None:
    """Records the end of an alert whose cluster is no longer in the settings, where its message stands."""
    card = outbox.card(db, own_group(transition.after.id))
    append(db, _audit_entry(transition, By()))
    save(db, transition.after)
    if card is not None:
        page = card_page(transition.after, Context())
        outbox.put(db, OutboxItem(transition.at, card.channel, card.key, page))


def _audit_entry(transition: Transition, by: By) -> AuditEntry:
    alert = transition.after
    details: dict[str, object] = {
        "alert": alert.id,
        "rule": alert.rule,
        "subject": alert.subject,
        "change": transition.change,
        "severity": alert.severity,
        "value": alert.value,
        "threshold": alert.threshold,
        "evidence": alert.evidence.splitlines(),
        "since": alert.since,
    }
    if held(alert):
        details["held back by"] = alert.group
    if transition.change is Change.SILENCED:
        details["until"] = "resolved" if alert.silenced_until is None else alert.silenced_until
        if alert.silence_id is not None:
            details["silence"] = alert.silence_id
    if transition.change is Change.LEFT and transition.before is not None and transition.before.acknowledged_by:
        details["acknowledged by"] = transition.before.acknowledged_by.name
    if transition.change in (Change.FLAPPING, Change.FLAPPED):
        details["fired"] = alert.flapping.times
    return AuditEntry(
        at=transition.at,
        kind=_KINDS.get(transition.change, AuditKind.ALERT_CHANGE),
        actor=by.actor,
        cluster=alert.cluster,
        place=by.place,
        details=details,
        key=by.delivery,
    )
