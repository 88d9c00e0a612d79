"""Writes changes of state: the alert, its audit record and what is to be said, in the caller's one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlite_utils import Database

from alerts.lifecycle import Change, Transition, held, own_group
from alerts.notices import Context, card_page, notice_of
from alerts.standing import Standing, standing
from ledger import locks, outbox
from ledger.alerts import AlertRow, new_alert_id, save
from ledger.audit import UNDERSTUDY, Actor, AuditEntry, AuditKind, append
from ledger.operations import FINISHED, OperationState, get, list_operations
from ledger.outbox import OutboxItem

# Servers and views settle after an operation has ended; what it caused is not news within this time.
SETTLING = timedelta(seconds=10)

_KINDS = {Change.ACKNOWLEDGED: AuditKind.ACKNOWLEDGEMENT, Change.SILENCED: AuditKind.SILENCE}


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
    notice = notice_of(transition, replace(context_of(alert), standing=stands))
    if notice is None:
        cause = causes.get(alert.group)
        if cause is not None:
            page = card_page(cause, replace(context_of(cause), standing=stands))
            outbox.put(db, OutboxItem(transition.at, channel, own_group(cause.id), page))
        return True
    outbox.put(db, OutboxItem(transition.at, channel, notice.card, notice.page))
    if notice.line is not None and notice.line_card is not None:
        line = OutboxItem(
            transition.at, channel, notice.line_card, notice.line, parent=notice.card, broadcast=notice.broadcast
        )
        outbox.put(db, line)
    return True


def draw_anew(
    db: Database,
    alerts: Sequence[tuple[AlertRow, Context]],
    channel: str,
    stands: Standing,
    now: datetime,
) -> None:
    """Puts the cards in line as they are with what stands beside them. No state has changed, so nothing is recorded."""
    for alert, context in alerts:
        page = card_page(alert, replace(context, standing=stands))
        outbox.put(db, OutboxItem(now, channel, own_group(alert.id), page))


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
    return AuditEntry(
        at=transition.at,
        kind=_KINDS.get(transition.change, AuditKind.ALERT_CHANGE),
        actor=by.actor,
        cluster=alert.cluster,
        place=by.place,
        details=details,
        key=by.delivery,
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """What must be known before changes are recorded: the operation that excuses alerts, and free ids."""

    operation: str | None
    ids: tuple[str, ...]


def prepare(db: Database, cluster: str, now: datetime, ids: int) -> Prepared:
    """Looks up the message of the cluster's running operation, and `ids` free alert ids."""
    minted: dict[str, None] = {}
    while len(minted) < ids:
        minted[new_alert_id(db)] = None
    return Prepared(_operation(db, cluster, now), tuple(minted))


def _operation(db: Database, cluster: str, now: datetime) -> str | None:
    """One that runs or ended a moment ago. An interrupted one excuses nothing: nobody is at work."""
    holder = locks.holder(db, cluster)
    if holder is not None and get(db, holder.operation_id).state is OperationState.RUNNING:
        return f"operation/{holder.operation_id}"
    for operation in list_operations(db, cluster=cluster, states=FINISHED, limit=1):
        ran = operation.fencing is not None and operation.finished_at is not None
        if ran and operation.finished_at is not None and now - operation.finished_at < SETTLING:
            return f"operation/{operation.id}"
    return None
