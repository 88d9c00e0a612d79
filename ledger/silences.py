"""Silences by matcher: who wants nothing said of what, why, and until when. Every one ends by itself.

Every function works within the caller's transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from sqlite_utils import Database

from ledger.alerts import Severity, at_least
from ledger.ids import short_id
from ledger.redact import redacted_text
from ledger.times import from_text, from_text_or_none, to_text, to_text_or_none
from ledger.who import Who


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing that it matches is to be said until `until` (None, of an older version: until somebody ends it).

    `cluster`, `rule` and `subject` are globs ("db*"); None matches everything. `severity` is the worst that it hides.
    """

    id: str
    cluster: str | None
    rule: str | None
    subject: str | None
    reason: str
    by: Who
    since: datetime
    until: datetime | None
    severity: Severity | None = None
    ended_at: datetime | None = None
    ended_by: Who | None = None

    def may_concern(self, cluster: str) -> bool:
        return _fits(self.cluster, cluster)

    def covers(self, cluster: str, rule: str, subject: str, severity: Severity) -> bool:
        """Whether an alert falls under its globs, and is no worse than it may hide."""
        if self.severity is not None and not at_least(self.severity, severity):
            return False
        return self.may_concern(cluster) and _fits(self.rule, rule) and _fits(self.subject, subject)

    def holds(self, now: datetime) -> bool:
        return self.ended_at is None and (self.until is None or now < self.until)


_COLUMNS = """
    id, cluster, rule, subject, severity, reason, by_id, by_name, since, until, ended_at, ended_by_id, ended_by_name
"""
_SAVE = f"""
    INSERT INTO silence ({_COLUMNS})
    VALUES (:id, :cluster, :rule, :subject, :severity, :reason, :by_id, :by_name, :since, :until, :ended_at,
            :ended_by_id, :ended_by_name)
    ON CONFLICT (id) DO UPDATE SET
        until = excluded.until, ended_at = excluded.ended_at, ended_by_id = excluded.ended_by_id,
        ended_by_name = excluded.ended_by_name
"""  # noqa: S608 - constants only
_HOLDING = f"""
    SELECT {_COLUMNS} FROM silence
    WHERE ended_at IS NULL AND (until IS NULL OR until > :now)
    ORDER BY since, rowid
"""  # noqa: S608 - constants only
_OVER = f"SELECT {_COLUMNS} FROM silence WHERE ended_at IS NULL AND until <= :now"  # noqa: S608 - constants only
_GET = f"SELECT {_COLUMNS} FROM silence WHERE id = :id"  # noqa: S608 - constants only
_EXISTS = "SELECT 1 FROM silence WHERE id = :id"


def new_silence_id(db: Database) -> str:
    return short_id(lambda candidate: db.execute(_EXISTS, {"id": candidate}).fetchone() is not None, prefix="S")


def save_silence(db: Database, silence: Silence) -> None:
    """Adds the silence, or changes until when the one with that id lasts."""
    parameters = {
        "id": silence.id,
        "cluster": silence.cluster,
        "rule": silence.rule,
        "subject": silence.subject,
        "severity": silence.severity and silence.severity.value,
        "reason": redacted_text(db, silence.reason),
        "by_id": silence.by.id,
        "by_name": silence.by.name,
        "since": to_text(silence.since),
        "until": to_text_or_none(silence.until),
        "ended_at": to_text_or_none(silence.ended_at),
        "ended_by_id": silence.ended_by and silence.ended_by.id,
        "ended_by_name": silence.ended_by and silence.ended_by.name,
    }
    db.execute(_SAVE, parameters)


def silences(db: Database, now: datetime) -> list[Silence]:
    """Those that hold at `now`, oldest first."""
    return [_silence(row) for row in db.query(_HOLDING, {"now": to_text(now)})]


def silences_over(db: Database, now: datetime) -> list[Silence]:
    """Those whose time is over, with their end not written down yet."""
    return [_silence(row) for row in db.query(_OVER, {"now": to_text(now)})]


def silence(db: Database, silence_id: str) -> Silence | None:
    """The one of that id, over or not."""
    return next((_silence(row) for row in db.query(_GET, {"id": silence_id})), None)


def _fits(glob: str | None, text: str) -> bool:
    return glob is None or fnmatchcase(text.casefold(), glob.casefold())


def _silence(row: Mapping[str, Any]) -> Silence:
    ended_by = None if row["ended_by_id"] is None else Who(row["ended_by_id"], row["ended_by_name"])
    return Silence(
        id=row["id"],
        cluster=row["cluster"],
        rule=row["rule"],
        subject=row["subject"],
        reason=row["reason"],
        by=Who(row["by_id"], row["by_name"]),
        since=from_text(row["since"]),
        until=from_text_or_none(row["until"]),
        severity=None if row["severity"] is None else Severity(row["severity"]),
        ended_at=from_text_or_none(row["ended_at"]),
        ended_by=ended_by,
    )
