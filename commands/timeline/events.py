"""Records of the audit log as events: one line each for people, by whom, in the order in which they were written. Pure.

What only looks (commands, plans, refusals) changed nothing and is left out, and so is the intent of a step whose result
stands there as well.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.audit import AuditEntry, AuditKind, AuditRecord
from ledger.quantities import seconds_text


@dataclass(frozen=True, slots=True)
class Event:
    """`by` is empty for what Understudy saw or did by itself; `about` is an alert's or an operation's id; `record` the
    number of the audit record, None for what somebody said in a thread."""

    at: datetime
    what: str
    by: str = ""
    about: str = ""
    record: int | None = None
    kind: AuditKind | None = None


def events_of(records: Sequence[AuditRecord]) -> tuple[Event, ...]:
    """`records` in any order; of a step only how it ended, or that no end is recorded."""
    ordered = sorted(records, key=lambda record: record.sequence)
    ended = {_step(record.entry) for record in ordered if record.entry.kind is AuditKind.STEP_RESULT}
    told = (record for record in ordered if not _superseded(record.entry, ended))
    return tuple(_event(record) for record in told if record.entry.kind in WORDS)


def merged(events: Iterable[Event]) -> tuple[Event, ...]:
    """By time; of one moment in the order of the log."""
    return tuple(sorted(events, key=lambda event: (event.at, event.record or 0)))


def _superseded(entry: AuditEntry, ended: set[tuple[object, ...]]) -> bool:
    return entry.kind is AuditKind.STEP_INTENT and _step(entry) in ended


def _step(entry: AuditEntry) -> tuple[object, ...]:
    return tuple(entry.details.get(name) for name in ("operation", "step", "direction"))


def _event(record: AuditRecord) -> Event:
    entry = record.entry
    by = "" if entry.actor.id == "understudy" else entry.actor.name
    about = entry.details.get("operation") or entry.details.get("alert") or ""
    return Event(entry.at, WORDS[entry.kind](entry), by, str(about), record.sequence, entry.kind)


def _said(entry: AuditEntry, name: str) -> str:
    value = entry.details.get(name)
    return "" if value is None else str(value)


def _with(text: str, more: str, joint: str = ": ") -> str:
    return f"{text}{joint}{more}" if more else text


def _alert(entry: AuditEntry) -> str:
    named = f"{_said(entry, 'rule').replace('_', ' ')}: {_said(entry, 'subject')}"
    head = f"Alert {_said(entry, 'change')}, {_said(entry, 'severity')}: {named}"
    held = entry.details.get("held back by")
    return _with(_with(head, _said(entry, "value"), " — "), f"told with {held}" if held else "", ", ")


def _mark(entry: AuditEntry) -> str:
    named = f"{_said(entry, 'rule').replace('_', ' ')}: {_said(entry, 'subject')}"
    return f"Alert {_said(entry, 'change')}: {named}" if entry.details.get("rule") else _silence(entry)


def _silence(entry: AuditEntry) -> str:
    word = "Silence began" if entry.kind is AuditKind.SILENCE else "Silence ended"
    return _with(_with(word, _said(entry, "of")), _said(entry, "reason"), "; ")


def _asked(entry: AuditEntry) -> str:
    how = "Started alone (break glass)" if entry.kind is AuditKind.BREAK_GLASS else "Approval asked for"
    head = f"{how}: {_said(entry, 'order')} ({_said(entry, 'operation')})"
    risks = entry.details.get("risks")
    head = _with(head, _with("reason", _said(entry, "reason")) if entry.details.get("reason") else "", "; ")
    return _with(head, f"{len(risks)} risks shown" if isinstance(risks, list) and risks else "", "; ")


def _decided(word: str) -> Callable[[AuditEntry], str]:
    def said(entry: AuditEntry) -> str:
        count, needed = entry.details.get("approvals"), entry.details.get("approvals_needed")
        counted = f" ({count} of {needed})" if count is not None and needed is not None else ""
        about = _said(entry, "operation")
        return f"{word}{f': {about}' if about else ''}{counted}"

    return said


def _operation(word: str) -> Callable[[AuditEntry], str]:
    def said(entry: AuditEntry) -> str:
        return _with(f"Operation {_said(entry, 'operation')} {word}", _said(entry, "line"))

    return said


def _finished(entry: AuditEntry) -> str:
    return _with(f"Operation {_said(entry, 'operation')} {_said(entry, 'state')}", _said(entry, "line"))


def _intended(entry: AuditEntry) -> str:
    return f"{_step_name(entry)} began; no end is recorded"


def _result(entry: AuditEntry) -> str:
    try:
        took = f" after {seconds_text(float(_said(entry, 'seconds')))}"
    except ValueError:
        took = ""
    return _with(f"{_step_name(entry)} {_said(entry, 'status')}{took}", _said(entry, "detail"))


def _step_name(entry: AuditEntry) -> str:
    back = " taken back:" if entry.details.get("direction") == "undo" else ""
    return f"Step {_said(entry, 'step')}{back} {_said(entry, 'action').replace('_', ' ')} on {_said(entry, 'server')}"


def _told(head: str, *names: str) -> Callable[[AuditEntry], str]:
    """The head, and the first of these details that there is."""

    def said(entry: AuditEntry) -> str:
        return _with(head, next((_said(entry, name) for name in names if entry.details.get(name)), ""))

    return said


def _settings(entry: AuditEntry) -> str:
    return _with("Settings loaded", _said(entry, "line"))


WORDS: Mapping[AuditKind, Callable[[AuditEntry], str]] = {
    AuditKind.ALERT_CHANGE: _alert,
    AuditKind.ACKNOWLEDGEMENT: _mark,
    AuditKind.SILENCE: _mark,
    AuditKind.SILENCE_ENDED: _silence,
    AuditKind.STORM_BEGUN: _told("Storm of alerts: told in one table from here on"),
    AuditKind.STORM_ENDED: _told("The storm of alerts is over"),
    AuditKind.NOTE: _told("Note", "note"),
    AuditKind.APPROVAL_REQUESTED: _asked,
    AuditKind.BREAK_GLASS: _asked,
    AuditKind.APPROVAL_GIVEN: _decided("Approved"),
    AuditKind.APPROVAL_REJECTED: _decided("Rejected"),
    AuditKind.APPROVAL_CANCELLED: _decided("Cancelled"),
    AuditKind.APPROVAL_EXPIRED: _decided("Nobody approved it in time"),
    AuditKind.OPERATION_STARTED: _operation("began"),
    AuditKind.OPERATION_INTERRUPTED: _operation("was interrupted"),
    AuditKind.OPERATION_RESUMED: _operation("goes on after a restart"),
    AuditKind.OPERATION_FINISHED: _finished,
    AuditKind.STEP_INTENT: _intended,
    AuditKind.STEP_RESULT: _result,
    AuditKind.LOCK_TAKEN_OVER: _told("Another process took the cluster over", "operation"),
    AuditKind.AUTOMATIC_FAILOVER: _told("Automatic failover", "what"),
    AuditKind.SCHEDULE: _told("Schedule", "what"),
    AuditKind.OLD_PRIMARY: _told("Old primary", "what"),
    AuditKind.PATRONI_PAUSE: _told("Patroni's pause", "what"),
    AuditKind.MAINTENANCE_PLANNED: _told("Maintenance planned", "reason"),
    AuditKind.MAINTENANCE_BEGUN: _told("Maintenance began", "reason"),
    AuditKind.MAINTENANCE_ENDED: _told("Maintenance ended", "reason"),
    AuditKind.STARTED: _told("Understudy started", "version"),
    AuditKind.STOPPED: _told("Understudy stopped"),
    AuditKind.SETTINGS_LOADED: _settings,
}
