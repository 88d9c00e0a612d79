"""Alerts that others send, as they were last heard of. Every function works within the caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from ledger.alerts import Severity
from ledger.times import from_text, to_text

REMEMBERED = timedelta(days=2)  # a resolved one: long enough for every look to have seen that it is


@dataclass(frozen=True, slots=True)
class OutsideAlert:
    """`fingerprint` is the sender's own key of it, `lines` what it says, a line each, `subject` its name and labels."""

    fingerprint: str
    cluster: str
    subject: str
    severity: Severity
    firing: bool
    lines: tuple[str, ...]
    since: datetime
    heard_at: datetime


_ALL = "SELECT * FROM outside_alert ORDER BY since, fingerprint"
_SAVE = """
    INSERT INTO outside_alert (fingerprint, cluster, subject, severity, firing, lines, since, heard_at)
    VALUES (:fingerprint, :cluster, :subject, :severity, :firing, :lines, :since, :heard_at)
    ON CONFLICT (fingerprint) DO UPDATE SET
        cluster = excluded.cluster, subject = excluded.subject, severity = excluded.severity,
        firing = excluded.firing, lines = excluded.lines, since = excluded.since, heard_at = excluded.heard_at
"""
_FORGET = "DELETE FROM outside_alert WHERE NOT firing AND heard_at < :before RETURNING fingerprint"


def outside_alerts(db: Database) -> list[OutsideAlert]:
    """All that are known, the oldest first."""
    return [
        OutsideAlert(
            row["fingerprint"],
            row["cluster"],
            row["subject"],
            Severity(row["severity"]),
            bool(row["firing"]),
            tuple(row["lines"].split("\n")) if row["lines"] else (),
            from_text(row["since"]),
            from_text(row["heard_at"]),
        )
        for row in db.query(_ALL)
    ]


def save_outside(db: Database, alerts: Iterable[OutsideAlert]) -> None:
    """Each in the place of what was known of it."""
    for one in alerts:
        db.execute(
            _SAVE,
            {
                "fingerprint": one.fingerprint,
                "cluster": one.cluster,
                "subject": one.subject,
                "severity": one.severity.value,
                "firing": int(one.firing),
                "lines": "\n".join(one.lines),
                "since": to_text(one.since),
                "heard_at": to_text(one.heard_at),
            },
        )


def forget_resolved(db: Database, now: datetime) -> frozenset[str]:
    """Forgets those that were resolved long ago; their fingerprints."""
    return frozenset(row["fingerprint"] for row in db.query(_FORGET, {"before": to_text(now - REMEMBERED)}))
