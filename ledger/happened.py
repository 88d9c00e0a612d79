"""What happened to a cluster beside its alerts: notes, operations, changed settings, maintenance; by the audit log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from ledger.audit import AuditEntry, AuditKind, AuditRecord, of_kind
from ledger.operations import NoSuchOperation, get
from ledger.page import PlotMark

MOST = 20  # of each kind
_NAMED = 3  # keys of the settings


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing: `what` says it for people, without the time; `operation` is the id of that which it belongs to."""

    at: datetime
    kind: AuditKind
    what: str
    operation: str | None = None


def happened(db: Database, cluster: str, since: datetime, until: datetime) -> tuple[Happened, ...]:
    """Newest first; what concerns no cluster in particular counts to each."""
    found = [
        Happened(record.entry.at, kind, what, _operation(record))
        for kind, words in _WORDS.items()
        for record in of_kind(db, kind, cluster, since, until, MOST)
        if (what := words(db, record.entry))
    ]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def plot_marks(db: Database, cluster: str, since: datetime, until: datetime) -> tuple[PlotMark, ...]:
    """The same as marks of a plot, oldest first: notes, and where operations began and ended."""
    kinds = (AuditKind.NOTE, AuditKind.OPERATION_STARTED, AuditKind.OPERATION_FINISHED)
    told = (one for one in happened(db, cluster, since, until) if one.kind in kinds)
    return tuple(PlotMark(one.at, one.what) for one in reversed(tuple(told)))


def _note(db: Database, entry: AuditEntry) -> str:
    return f"note by {entry.actor.name}: “{entry.details.get('note', '')}”"


def _began(db: Database, entry: AuditEntry) -> str:
    return f"{_kind(db, entry)} began"


def _ended(db: Database, entry: AuditEntry) -> str:
    return f"{_kind(db, entry)} {entry.details.get('state', 'ended')}"


def _interrupted(db: Database, entry: AuditEntry) -> str:
    return f"{_kind(db, entry)} was interrupted"


def _settings(db: Database, entry: AuditEntry) -> str:
    """Nothing for a start with the settings of the last one."""
    changed = entry.details.get("changed")
    if not isinstance(changed, list) or not changed:
        return ""
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    return f"Understudy started with changed settings: {', '.join(map(str, changed[:_NAMED]))}{more}"


def _maintenance(db: Database, entry: AuditEntry) -> str:
    word = "began" if entry.kind is AuditKind.MAINTENANCE_BEGUN else "ended"
    reason = entry.details.get("reason")
    return f"maintenance {word}{f': {reason}' if reason else ''}"


def _kind(db: Database, entry: AuditEntry) -> str:
    operation = str(entry.details.get("operation", "?"))
    try:
        return f"{get(db, operation).kind} ({operation})"
    except NoSuchOperation:
        return f"operation {operation}"


def _operation(record: AuditRecord) -> str | None:
    operation = record.entry.details.get("operation")
    return None if operation is None else str(operation)


_WORDS: Mapping[AuditKind, Callable[[Database, AuditEntry], str]] = {
    AuditKind.NOTE: _note,
    AuditKind.OPERATION_STARTED: _began,
    AuditKind.OPERATION_FINISHED: _ended,
    AuditKind.OPERATION_INTERRUPTED: _interrupted,
    AuditKind.SETTINGS_LOADED: _settings,
    AuditKind.MAINTENANCE_BEGUN: _maintenance,
    AuditKind.MAINTENANCE_ENDED: _maintenance,
}
