"""What each paging service was last told of each alert. Every function works within the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlite_utils import Database

from ledger.times import to_text

REMEMBERED = timedelta(days=7)


class Told(StrEnum):
    """What a paging service knows of an alert."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REFUSED = "refused"  # it takes no word of this alert: asking again would be the same


_TOLD = "SELECT alert_id, told FROM forwarded_alert WHERE service = :service"
_SAVE = """
    INSERT INTO forwarded_alert (service, alert_id, told, told_at) VALUES (:service, :alert_id, :told, :at)
    ON CONFLICT (service, alert_id) DO UPDATE SET told = excluded.told, told_at = excluded.told_at
"""
_FORGET = "DELETE FROM forwarded_alert WHERE told IN ('resolved', 'refused') AND told_at < :before"


def told_of(db: Database, service: str) -> Mapping[str, Told]:
    """By alert."""
    return {row["alert_id"]: Told(row["told"]) for row in db.query(_TOLD, {"service": service})}


def save_told(db: Database, service: str, alert_id: str, told: Told, at: datetime) -> None:
    db.execute(_SAVE, {"service": service, "alert_id": alert_id, "told": told.value, "at": to_text(at)})
    db.execute(_FORGET, {"before": to_text(at - REMEMBERED)})
