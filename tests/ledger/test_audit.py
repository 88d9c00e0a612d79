"""The audit log as it is meant to be used."""

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from ledger.audit import GENESIS, Actor, AuditEntry, AuditKind, append, recent
from ledger.audit_chain import Head, head, verify
from ledger.audit_export import export, verify_export
from ledger.redact import REPLACEMENT
from tests.ledger.values import BEN, NOW, SECRET, entry, later


def test_records_follow_each_other(db: Database) -> None:
    first, second = append(db, entry("one")), append(db, entry("two"))
    assert (first.sequence, first.previous) == (1, GENESIS)
    assert (second.sequence, second.previous) == (2, first.hash)
    assert head(db) == Head(2, second.hash)
    assert recent(db, 10) == [second, first]
    assert verify(db).ok


def test_an_empty_log_is_whole(db: Database) -> None:
    result = verify(db)
    assert (result.ok, result.count, result.head) == (True, 0, GENESIS)
    assert verify_export(list(export(db))).ok


def test_the_same_delivery_twice_leaves_one_record(db: Database) -> None:
    first = append(db, entry("press", key="Ev1"))
    again = append(db, entry("press once more", key="Ev1"))
    assert not first.repeated
    assert again.repeated
    assert (again.sequence, again.hash, again.entry) == (first.sequence, first.hash, first.entry)
    assert head(db).count == 1
    append(db, entry(key=None))
    append(db, entry(key=None))
    assert head(db).count == 3


def test_details_keep_plain_values_and_have_one_text(db: Database) -> None:
    details: dict[str, Any] = {
        "loss_seconds": 0.1,
        "lsn_bytes": 2**63,
        "at": NOW.astimezone(timezone(timedelta(hours=5))),
        "kind": AuditKind.PLAN,
        "steps": ("fence", None, True),
    }
    recorded = append(db, entry(**details)).entry.details
    assert recorded == {
        "loss_seconds": "0.1",
        "lsn_bytes": 2**63,
        "at": "2026-01-31T03:12:00.000000+00:00",
        "kind": "plan",
        "steps": ["fence", None, True],
    }
    assert recent(db, 1)[0].entry.details == recorded
    with pytest.raises(TypeError, match="no plain form"):
        append(db, entry(thing=object()))
    assert head(db).count == 1


def test_a_time_without_zone_is_refused(db: Database) -> None:
    with pytest.raises(ValueError, match="time zone"):
        append(db, AuditEntry(datetime(2026, 1, 1), AuditKind.COMMAND, Actor("u", "u", "slack")))  # noqa: DTZ001


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters()), name=st.text(st.characters()))
def test_whatever_is_typed_is_recorded_as_it_was_typed(db: Database, text: str, name: str) -> None:
    written = append(db, AuditEntry(NOW, AuditKind.REFUSAL, Actor("U1", name, "slack"), text=text, details={"k": text}))
    (read,) = recent(db, 1)
    readable = text.encode("utf-8", "replace").decode()
    assert read == written
    assert (read.entry.text, read.entry.details["k"]) == (readable, readable)
    assert verify(db).ok
    assert verify_export(list(export(db))).ok


def test_secrets_are_gone_before_anything_is_hashed_or_stored(db: Database) -> None:
    append(db, entry(f"/ha promote {SECRET}", output={"lines": [f"password={SECRET}"], SECRET: 1}))
    append(db, AuditEntry(NOW, AuditKind.COMMAND, Actor("U1", SECRET, "slack")))
    stored = "\n".join(db.conn.iterdump()) + "\n".join(export(db))
    assert SECRET not in stored
    newest, first = recent(db, 2)
    assert newest.entry.actor.name == REPLACEMENT
    assert first.entry.text == f"/ha promote {REPLACEMENT}"
    assert first.entry.details == {"output": {"lines": [f"password={REPLACEMENT}"], REPLACEMENT: 1}}


def test_a_connection_that_was_not_opened_as_a_ledger_cannot_append(db: Database, path: object) -> None:
    stranger = Database(str(path))
    with pytest.raises(Exception, match="no such function: redact_json"):
        append(stranger, entry())
    stranger.close()
    assert head(db).count == 0


def test_recent_filters_by_person_cluster_kind_and_time(db: Database) -> None:
    def add(person: str, cluster: str | None, kind: AuditKind, seconds: float) -> int:
        return append(db, AuditEntry(later(seconds), kind, Actor(person, "name", "slack"), cluster)).sequence

    one = add("U1", "orders", AuditKind.COMMAND, 0)
    two = add("U2", "orders", AuditKind.REFUSAL, 10)
    three = add("U1", None, AuditKind.STARTED, 20)
    four = add("U1", "billing", AuditKind.COMMAND, 30)

    def found(n: int = 10, **filters: object) -> list[int]:
        return [record.sequence for record in recent(db, n, **filters)]  # type: ignore[arg-type]

    assert found() == [four, three, two, one]
    assert found(2) == [four, three]
    assert found(person="U1") == [four, three, one]
    assert found(cluster="orders") == [two, one]
    assert found(kinds=[AuditKind.COMMAND, AuditKind.STARTED]) == [four, three, one]
    assert found(since=later(10)) == [four, three, two]
    assert found(since=later(10).astimezone(timezone(timedelta(hours=-7)))) == [four, three, two]
    assert found(person="U1", cluster="orders", kinds=[AuditKind.COMMAND]) == [one]
    assert found(person=BEN.id) == []


def test_the_export_is_json_that_others_can_verify(db: Database) -> None:
    import hashlib

    for number in range(3):
        append(db, entry(f"naïve “{number}” \x00", key=f"k{number}"))
    *lines, _ = export(db)
    previous = "0" * 64
    for line in lines:
        record = json.loads(line)
        digest = record.pop("hash")
        text = json.dumps(record, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == digest
        assert record["previous"] == previous
        previous = digest


def test_ten_thousand_records_are_verified_while_somebody_waits(db: Database) -> None:
    db.execute("BEGIN")
    for number in range(10_000):
        append(db, entry(f"/ha status {number}", key=f"k{number}", at=datetime.now(UTC)))
    db.execute("COMMIT")
    began = time.perf_counter()
    assert verify(db).count == 10_000
    assert verify_export(export(db)).count == 10_000
    assert time.perf_counter() - began < 10  # about 0.2 s; a quadratic walk would take minutes
