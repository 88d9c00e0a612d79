"""Values that the ledger's tests share."""

from datetime import UTC, datetime, timedelta

from ledger.audit import Actor, AuditEntry, AuditKind
from ledger.outbox import OutboxItem
from ledger.page import Page, Tone
from ledger.who import Who

SECRET = "correct horse battery"
NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
ANNA = Who("U0ANNA", "Anna")
BEN = Who("U0BEN", "Ben")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def entry(text: str = "/ha status", key: str | None = None, **details: object) -> AuditEntry:
    return AuditEntry(
        at=NOW,
        kind=AuditKind.COMMAND,
        actor=Actor(ANNA.id, ANNA.name, "slack"),
        cluster="orders",
        place="C0OPS",
        text=text,
        details=details,
        key=key,
    )


def page(summary: str) -> Page:
    return Page(title="Primary down", tone=Tone.CRITICAL, summary=summary)


def item(card: str, summary: str = "first", parent: str | None = None, at: datetime = NOW) -> OutboxItem:
    return OutboxItem(created_at=at, channel="#ops", card=card, page=page(summary), parent=parent)
