"""Alerts as rows."""

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from ledger.alerts import (
    AlertRow,
    AlertState,
    Attention,
    Flapping,
    Severity,
    fingerprint,
    get,
    history,
    in_group,
    new_alert_id,
    open_alert,
    open_alerts,
    save,
)
from ledger.redact import REPLACEMENT
from tests.ledger.values import ANNA, BEN, NOW, SECRET, later


def alert(db: Database, subject: str = "pg1", seconds: float = 0, cluster: str = "orders") -> AlertRow:
    row = AlertRow(
        id=new_alert_id(db),
        rule="primary down",
        cluster=cluster,
        subject=subject,
        severity=Severity.CRITICAL,
        state=AlertState.PENDING,
        value="no answer for 3 s",
        threshold="3 s",
        evidence="connection refused",
        group=f"{cluster}/primary",
        since=later(seconds),
        last_seen_at=later(seconds),
    )
    save(db, row)
    return row


def test_every_field_is_kept(db: Database) -> None:
    row = replace(
        alert(db),
        state=AlertState.RESOLVED,
        severity=Severity.WARNING,
        value="5 s",
        fired_at=later(1),
        acknowledged_by=ANNA,
        acknowledged_at=later(2),
        silenced_by=BEN,
        silenced_until=later(900),
        silence_id="S7K3F",
        channel="C0OPS",
        raised_in="C0ALERT",
        attention=Attention(2, later(3), 1, later(4)),
        flapping=Flapping((later(1), later(2)), later(1), 7),
        last_seen_at=later(3),
        resolved_at=later(4),
    )
    save(db, row)
    assert get(db, row.id) == row
    assert get(db, "A0000") is None
    assert row.id.startswith("A")
    assert len(row.id) == 5


def test_open_ones_and_history(db: Database) -> None:
    first, second, other = alert(db, "pg1"), alert(db, "pg2", 5), alert(db, "pg1", 7, "billing")
    resolved = replace(first, state=AlertState.RESOLVED, resolved_at=later(9))
    save(db, resolved)
    assert open_alerts(db) == [second, other]
    assert open_alerts(db, "billing") == [other]
    assert history(db) == [other, second, resolved]
    assert history(db, "orders", since=later(1)) == [second]
    assert history(db, limit=1) == [other]
    assert in_group(db, "orders/primary") == [resolved, second]
    assert open_alert(db, "primary down", "orders", "pg1") is None
    assert open_alert(db, "primary down", "orders", "pg2") == second


def test_of_each_fingerprint_one_is_open(db: Database) -> None:
    first = alert(db)
    with pytest.raises(sqlite3.IntegrityError):
        alert(db)
    save(db, replace(first, state=AlertState.RESOLVED, resolved_at=later(1)))
    again = alert(db, seconds=2)
    assert open_alerts(db) == [again]


def test_evidence_is_kept_without_secrets(db: Database) -> None:
    save(db, replace(alert(db), evidence=f"password={SECRET} was refused"))
    assert open_alerts(db)[0].evidence == f"password={REPLACEMENT} was refused"


def test_silenced_until_a_time_or_until_resolved(db: Database) -> None:
    row = alert(db)
    assert not row.silenced(NOW)
    timed = replace(row, silenced_by=ANNA, silenced_until=later(900))
    assert timed.silenced(later(899))
    assert not timed.silenced(later(900))
    assert replace(row, silenced_by=ANNA).silenced(later(10**8))


parts = st.text("ab/", max_size=5)


@given(st.tuples(parts, parts, parts), st.tuples(parts, parts, parts))
def test_fingerprints_are_equal_only_for_the_same_parts(one: tuple[str, str, str], two: tuple[str, str, str]) -> None:
    assert (fingerprint(*one) == fingerprint(*two)) == (one == two)
