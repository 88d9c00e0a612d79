"""Audit records and outbox items as commands write them: within a transaction of the ledger."""

from collections.abc import Mapping
from datetime import datetime

from sqlite_utils import Database

from commands.asked import Asked
from ledger.audit import UNDERSTUDY, Actor, AuditEntry, AuditKind, AuditRecord, append
from ledger.outbox import OutboxItem, put
from ledger.page import Page

LONGEST_TEXT = 2000  # of what was typed; the rest is counted, not kept


class Repeated(Exception):
    """This delivery was handled before; `record` is what it left. Raised within a transaction, it undoes all of it."""

    def __init__(self, record: AuditRecord) -> None:
        super().__init__(f"handled before, as record {record.sequence}")
        self.record = record


def actor(asked: Asked) -> Actor:
    return Actor(asked.person_id, asked.person_name, str(asked.face))


def record(
    db: Database,
    asked: Asked,
    stage: str,
    kind: AuditKind,
    cluster: str | None,
    details: Mapping[str, object],
) -> AuditRecord:
    """One record for what somebody asked; the key holds the stage, for one delivery may pass through several.

    Raises Repeated when this delivery left its record before.
    """
    text = asked.text
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"
    entry = AuditEntry(
        at=asked.at,
        kind=kind,
        actor=actor(asked),
        cluster=cluster,
        place=asked.channel,
        text=text,
        details=details if asked.runs_as is None else {**details, "runs_as": asked.runs_as},
        key=f"{stage}:{asked.id}",
    )
    written = append(db, entry)
    if written.repeated:
        raise Repeated(written)
    return written


def record_own(
    db: Database, at: datetime, kind: AuditKind, cluster: str, channel: str | None, details: Mapping[str, object]
) -> AuditRecord:
    """One record for what Understudy itself did."""
    return append(db, AuditEntry(at=at, kind=kind, actor=UNDERSTUDY, cluster=cluster, place=channel, details=details))


def show(db: Database, at: datetime, channel: str, card: str, page: Page, parent: str | None = None) -> None:
    """Puts a page in line for its card."""
    put(db, OutboxItem(created_at=at, channel=channel, card=card, page=page, parent=parent))


def card_key(operation_id: str) -> str:
    return f"operation/{operation_id}"


def checks_key(operation_id: str) -> str:
    return f"operation/{operation_id}/checks"


def progress_key(operation_id: str) -> str:
    return f"operation/{operation_id}/progress"


def report_key(operation_id: str) -> str:
    return f"operation/{operation_id}/report"
