"""Storms: times in which so many alerts begin in one channel that they are told in one table.

Every function works within the caller's transaction. Which alerts a storm holds is told by their `group`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from ledger.ids import short_id
from ledger.times import from_text, from_text_or_none, to_text


@dataclass(frozen=True, slots=True)
class Storm:
    """One storm in one channel; at most one blows there at a time."""

    id: str
    channel: str
    began_at: datetime
    ended_at: datetime | None = None
    alerts: int = 0  # how many it held, at the most

    @property
    def group(self) -> str:
        """The message in which its alerts are told."""
        return storm_group(self.id)


def storm_group(storm_id: str) -> str:
    """The message of the storm of that id."""
    return f"storm/{storm_id}"


_COLUMNS = "id, channel, began_at, ended_at, alerts"
_OPEN = f"SELECT {_COLUMNS} FROM storm WHERE ended_at IS NULL AND channel = :channel"  # noqa: S608 - constants only
_ALL_OPEN = f"SELECT {_COLUMNS} FROM storm WHERE ended_at IS NULL ORDER BY began_at"  # noqa: S608 - constants only
_GET = f"SELECT {_COLUMNS} FROM storm WHERE id = :id"  # noqa: S608 - constants only
_EXISTS = "SELECT 1 FROM storm WHERE id = :id"
_BEGIN = "INSERT INTO storm (id, channel, began_at) VALUES (:id, :channel, :at)"
_END = "UPDATE storm SET ended_at = :at WHERE id = :id AND ended_at IS NULL"
_COUNTED = "UPDATE storm SET alerts = max(alerts, :alerts) WHERE id = :id RETURNING alerts"
# Alerts that began to be told in the channel: shown by themselves, or in a storm's table.
_BEGUN = "SELECT count(*) FROM alert WHERE channel = :channel AND fired_at > :since"


def new_storm_id(db: Database) -> str:
    return short_id(lambda candidate: db.execute(_EXISTS, {"id": candidate}).fetchone() is not None, prefix="T")


def open_storm(db: Database, channel: str) -> Storm | None:
    """The storm that blows in the channel now."""
    return next((_storm(row) for row in db.query(_OPEN, {"channel": channel})), None)


def open_storms(db: Database) -> list[Storm]:
    return [_storm(row) for row in db.query(_ALL_OPEN)]


def storm(db: Database, storm_id: str) -> Storm | None:
    """The one of that id, over or not."""
    return next((_storm(row) for row in db.query(_GET, {"id": storm_id})), None)


def begin_storm(db: Database, storm_id: str, channel: str, at: datetime) -> Storm:
    """Begins one under an id of `new_storm_id`; the one that blows in the channel already is taken instead."""
    blowing = open_storm(db, channel)
    if blowing is not None:
        return blowing
    db.execute(_BEGIN, {"id": storm_id, "channel": channel, "at": to_text(at)})
    return Storm(storm_id, channel, at)


def end_storm(db: Database, storm_id: str, at: datetime) -> None:
    db.execute(_END, {"id": storm_id, "at": to_text(at)})


def most_alerts(db: Database, storm_id: str, alerts: int) -> int:
    """How many alerts it has held at the most, these counted: those that leave it for a message of their own were
    there."""
    rows = list(db.query(_COUNTED, {"id": storm_id, "alerts": alerts}))
    return int(rows[0]["alerts"]) if rows else alerts


def begun_since(db: Database, channel: str, now: datetime, seconds: float) -> int:
    """How many alerts have begun to be told in the channel within the last `seconds`."""
    since = to_text(now - timedelta(seconds=seconds))
    return int(db.execute(_BEGUN, {"channel": channel, "since": since}).fetchone()[0])


def _storm(row: Mapping[str, Any]) -> Storm:
    return Storm(
        row["id"], row["channel"], from_text(row["began_at"]), from_text_or_none(row["ended_at"]), row["alerts"]
    )
