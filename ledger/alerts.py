"""Alerts as rows. What becomes of them is decided in the alerts package; here they are only kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from ledger.ids import short_id
from ledger.redact import redacted_text
from ledger.times import from_text, from_text_or_none, to_text, to_text_or_none
from ledger.who import Who


class AlertState(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


def at_least(severity: Severity, other: Severity) -> bool:
    """Whether the one is as bad as the other, or worse."""
    return _RANK[severity] >= _RANK[other]


@dataclass(frozen=True, slots=True)
class Attention:
    """How people were asked to look at it. `called`: how many groups of its route were called so far; `told_at`: when
    it was last said, `repeats` how often since somebody could have taken it up; `asked_at`: since when whoever has
    acknowledged it is asked whether they are still on it."""

    called: int = 0
    told_at: datetime | None = None
    repeats: int = 0
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Flapping:
    """Its coming and going. `firings`: the last times at which it fired; `since` when it has been called flapping
    (None: it is not), and how many `times` it has fired by now, those before counted."""

    firings: tuple[datetime, ...] = ()
    since: datetime | None = None
    times: int = 0


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert from the moment its rule first held until it is resolved.

    Rule, cluster and subject are its fingerprint: of each at most one alert is open at a time. `value` is what was
    seen and `threshold` what it was compared with, both for people. `group` names the message it is shown in, `channel`
    where (None: nowhere yet), `raised_in` where else it was told once it was critical. `since` is when the rule began
    to hold. Silenced by somebody without `silenced_until` means: until resolved; `silence_id` names the silence by
    matcher that did it, if one did.
    """

    id: str
    rule: str
    cluster: str
    subject: str
    severity: Severity
    state: AlertState
    value: str
    threshold: str
    evidence: str
    group: str
    since: datetime
    last_seen_at: datetime
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    acknowledged_by: Who | None = None
    acknowledged_at: datetime | None = None
    silenced_by: Who | None = None
    silenced_until: datetime | None = None
    silence_id: str | None = None
    channel: str | None = None
    raised_in: str | None = None
    attention: Attention = Attention()
    flapping: Flapping = Flapping()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.rule, self.cluster, self.subject)

    def silenced(self, now: datetime) -> bool:
        return self.silenced_by is not None and (self.silenced_until is None or now < self.silenced_until)


def fingerprint(rule: str, cluster: str, subject: str) -> str:
    """Readable and unambiguous: "rule/cluster/subject", where only the subject may hold slashes as they are."""
    first = (part.replace("%", "%25").replace("/", "%2F") for part in (rule, cluster))
    return "/".join((*first, subject))


_COLUMNS = """
    id, rule, cluster, subject, severity, state, value, threshold, evidence, group_key, since, last_seen_at, fired_at,
    resolved_at, acknowledged_by_id, acknowledged_by_name, acknowledged_at, silenced_by_id, silenced_by_name,
    silenced_until, silence_id, channel, raised_in, called, told_at, repeats, asked_at, firings, flapping_since, flaps
"""
_SELECT = f"SELECT {_COLUMNS} FROM alert"  # noqa: S608 - constants only
_SAVE = f"""
    INSERT INTO alert ({_COLUMNS})
    VALUES (:id, :rule, :cluster, :subject, :severity, :state, :value, :threshold, :evidence, :group_key, :since,
            :last_seen_at, :fired_at, :resolved_at, :acknowledged_by_id, :acknowledged_by_name, :acknowledged_at,
            :silenced_by_id, :silenced_by_name, :silenced_until, :silence_id, :channel, :raised_in,
            :called, :told_at, :repeats, :asked_at, :firings, :flapping_since, :flaps)
    ON CONFLICT (id) DO UPDATE SET
        severity = excluded.severity, state = excluded.state, value = excluded.value, threshold = excluded.threshold,
        evidence = excluded.evidence, group_key = excluded.group_key, last_seen_at = excluded.last_seen_at,
        fired_at = excluded.fired_at, resolved_at = excluded.resolved_at,
        acknowledged_by_id = excluded.acknowledged_by_id, acknowledged_by_name = excluded.acknowledged_by_name,
        acknowledged_at = excluded.acknowledged_at, silenced_by_id = excluded.silenced_by_id,
        silenced_by_name = excluded.silenced_by_name, silenced_until = excluded.silenced_until,
        silence_id = excluded.silence_id, channel = excluded.channel, raised_in = excluded.raised_in,
        called = excluded.called, told_at = excluded.told_at, repeats = excluded.repeats, asked_at = excluded.asked_at,
        firings = excluded.firings, flapping_since = excluded.flapping_since, flaps = excluded.flaps
"""  # noqa: S608 - constants only
_GET = f"{_SELECT} WHERE id = :id"
_OPEN = f"""
    {_SELECT} WHERE state <> 'resolved' AND (:cluster IS NULL OR cluster = :cluster) ORDER BY since, rowid
"""
_OPEN_ONE = f"""
    {_SELECT} WHERE state <> 'resolved' AND rule = :rule AND cluster = :cluster AND subject = :subject
"""
_GROUP = f"{_SELECT} WHERE group_key = :group_key ORDER BY since, rowid"
_NEWEST_IN_GROUP = f"""
    {_SELECT} WHERE group_key = :group_key ORDER BY state = 'resolved', fired_at DESC, rowid DESC LIMIT :limit
"""
_COUNT_GROUP = "SELECT count(*), count(*) FILTER (WHERE state <> 'resolved') FROM alert WHERE group_key = :group_key"
_HISTORY = f"""
    {_SELECT}
    WHERE (:cluster IS NULL OR cluster = :cluster) AND (:since IS NULL OR since >= :since)
    ORDER BY since DESC, rowid DESC
    LIMIT :limit
"""
_BEGUN_BETWEEN = f"""
    {_SELECT}
    WHERE cluster = :cluster AND since >= :since AND since < :until
    ORDER BY since DESC, rowid DESC
    LIMIT :limit
"""
_EXISTS = "SELECT 1 FROM alert WHERE id = :id"


def new_alert_id(db: Database) -> str:
    """A free id such as "A7K3F" (operations' ids have no A)."""
    return short_id(lambda candidate: db.execute(_EXISTS, {"id": candidate}).fetchone() is not None, prefix="A")


def save(db: Database, alert: AlertRow) -> None:
    """Adds the alert, or replaces what is known of the one with that id (its fingerprint and start stay)."""
    parameters = {
        "id": alert.id,
        "rule": alert.rule,
        "cluster": alert.cluster,
        "subject": alert.subject,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "value": redacted_text(db, alert.value),
        "threshold": redacted_text(db, alert.threshold),
        "evidence": redacted_text(db, alert.evidence),
        "group_key": alert.group,
        "since": to_text(alert.since),
        "last_seen_at": to_text(alert.last_seen_at),
        "fired_at": to_text_or_none(alert.fired_at),
        "resolved_at": to_text_or_none(alert.resolved_at),
        "acknowledged_by_id": alert.acknowledged_by and alert.acknowledged_by.id,
        "acknowledged_by_name": alert.acknowledged_by and alert.acknowledged_by.name,
        "acknowledged_at": to_text_or_none(alert.acknowledged_at),
        "silenced_by_id": alert.silenced_by and alert.silenced_by.id,
        "silenced_by_name": alert.silenced_by and alert.silenced_by.name,
        "silenced_until": to_text_or_none(alert.silenced_until),
        "silence_id": alert.silence_id,
        "channel": alert.channel,
        "raised_in": alert.raised_in,
        **_life(alert),
    }
    db.execute(_SAVE, parameters)


def _life(alert: AlertRow) -> dict[str, object]:
    """The columns of how it was told, and of its coming and going."""
    attention, flapping = alert.attention, alert.flapping
    return {
        "called": attention.called,
        "told_at": to_text_or_none(attention.told_at),
        "repeats": attention.repeats,
        "asked_at": to_text_or_none(attention.asked_at),
        "firings": " ".join(map(to_text, flapping.firings)),
        "flapping_since": to_text_or_none(flapping.since),
        "flaps": flapping.times,
    }


def get(db: Database, alert_id: str) -> AlertRow | None:
    return _first(db, _GET, {"id": alert_id})


def open_alerts(db: Database, cluster: str | None = None) -> list[AlertRow]:
    """Pending and firing ones, oldest first."""
    return [_alert(row) for row in db.query(_OPEN, {"cluster": cluster})]


def open_alert(db: Database, rule: str, cluster: str, subject: str) -> AlertRow | None:
    """The one open alert with that fingerprint."""
    return _first(db, _OPEN_ONE, {"rule": rule, "cluster": cluster, "subject": subject})


def in_group(db: Database, group: str) -> list[AlertRow]:
    """All alerts, resolved ones too, that are shown in one message; oldest first."""
    return [_alert(row) for row in db.query(_GROUP, {"group_key": group})]


def newest_in_group(db: Database, group: str, limit: int) -> list[AlertRow]:
    """The last ones that are shown in that message, those that fire first."""
    return [_alert(row) for row in db.query(_NEWEST_IN_GROUP, {"group_key": group, "limit": limit})]


def count_in_group(db: Database, group: str) -> tuple[int, int]:
    """How many alerts are shown in that message, and how many of them fire."""
    row = db.execute(_COUNT_GROUP, {"group_key": group}).fetchone()
    return int(row[0]), int(row[1])


def history(
    db: Database, cluster: str | None = None, *, since: datetime | None = None, limit: int = 100
) -> list[AlertRow]:
    """Open and resolved ones, newest first."""
    parameters = {"cluster": cluster, "since": to_text_or_none(since), "limit": limit}
    return [_alert(row) for row in db.query(_HISTORY, parameters)]


def begun_between(db: Database, cluster: str, since: datetime, until: datetime, limit: int) -> list[AlertRow]:
    """Those of the cluster that began in that time, newest first."""
    span = {"since": to_text(since), "until": to_text(until)}
    return [_alert(row) for row in db.query(_BEGUN_BETWEEN, {"cluster": cluster, "limit": limit, **span})]


def _first(db: Database, sql: str, parameters: Mapping[str, object]) -> AlertRow | None:
    return next((_alert(row) for row in db.query(sql, dict(parameters))), None)


def _who(person_id: str | None, name: str | None) -> Who | None:
    return None if person_id is None else Who(person_id, name or person_id)


def _alert(row: Mapping[str, Any]) -> AlertRow:
    return AlertRow(
        id=row["id"],
        rule=row["rule"],
        cluster=row["cluster"],
        subject=row["subject"],
        severity=Severity(row["severity"]),
        state=AlertState(row["state"]),
        value=row["value"],
        threshold=row["threshold"],
        evidence=row["evidence"],
        group=row["group_key"],
        since=from_text(row["since"]),
        last_seen_at=from_text(row["last_seen_at"]),
        fired_at=from_text_or_none(row["fired_at"]),
        resolved_at=from_text_or_none(row["resolved_at"]),
        acknowledged_by=_who(row["acknowledged_by_id"], row["acknowledged_by_name"]),
        acknowledged_at=from_text_or_none(row["acknowledged_at"]),
        silenced_by=_who(row["silenced_by_id"], row["silenced_by_name"]),
        silenced_until=from_text_or_none(row["silenced_until"]),
        silence_id=row["silence_id"],
        channel=row["channel"],
        raised_in=row["raised_in"],
        attention=Attention(
            row["called"], from_text_or_none(row["told_at"]), row["repeats"], from_text_or_none(row["asked_at"])
        ),
        flapping=Flapping(
            tuple(map(from_text, row["firings"].split())), from_text_or_none(row["flapping_since"]), row["flaps"]
        ),
    )
