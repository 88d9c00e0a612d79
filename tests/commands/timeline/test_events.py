"""A record as a line of a timeline, and what is left out."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from commands.timeline.events import WORDS, Event, events_of, merged
from commands.timeline.report import Timeline, markdown
from commands.timeline.scope import Scope
from ledger.audit import UNDERSTUDY, Actor, AuditEntry, AuditKind, AuditRecord

AT = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
ALICE = Actor("U0ALICE", "alice", "slack")
SCOPE = Scope("shop", "shop", AT - timedelta(hours=1), AT + timedelta(hours=1))


def record(number: int, kind: AuditKind, actor: Actor = UNDERSTUDY, **details: object) -> AuditRecord:
    entry = AuditEntry(AT + timedelta(seconds=number), kind, actor, cluster="shop", details=details)
    return AuditRecord(number, "", "", entry)


def test_an_alert_says_what_changed_and_what_was_seen() -> None:
    fired = record(
        1, AuditKind.ALERT_CHANGE, alert="A7K3F", rule="primary_down", subject="db1", change="fired",
        severity="critical", value="db1 takes no writes",
    )  # fmt: skip
    (event,) = events_of([fired])
    assert event.what == "Alert fired, critical: primary down: db1 — db1 takes no writes"
    assert (event.by, event.about, event.record) == ("", "A7K3F", 1)


def test_of_a_step_its_end_is_told_and_an_intent_alone_is_told_as_that() -> None:
    step = partial(record, operation="7K3F", direction="do", server="db2")
    ended = step(2, AuditKind.STEP_RESULT, step=1, action="fence", status="succeeded", seconds="1.4", detail="off")
    records = [
        step(1, AuditKind.STEP_INTENT, step=1, action="fence"),
        ended,
        step(3, AuditKind.STEP_INTENT, step=2, action="promote"),
    ]
    assert [event.what for event in events_of(records)] == [
        "Step 1 fence on db2 succeeded after 1.4 s: off",
        "Step 2 promote on db2 began; no end is recorded",
    ]


def test_who_approved_is_named_and_who_only_looked_is_not() -> None:
    given = record(1, AuditKind.APPROVAL_GIVEN, ALICE, operation="7K3F", approvals=1, approvals_needed=2)
    looked = record(2, AuditKind.COMMAND, ALICE, command="status")
    (event,) = events_of([looked, given])
    assert (event.what, event.by) == ("Approved: 7K3F (1 of 2)", "alice")


@pytest.mark.parametrize("kind", WORDS, ids=str)
def test_a_record_without_its_details_is_told_all_the_same(kind: AuditKind) -> None:
    (event,) = events_of([record(1, kind)])
    assert event.what


def test_the_markdown_is_by_time_names_its_zone_and_interprets_nothing() -> None:
    note = record(5, AuditKind.NOTE, ALICE, note="deploy | <script> [x](y)")
    said = Event(AT, "“looking”", "bob")
    text = markdown(Timeline(SCOPE, merged((*events_of([note]), said)), (), threads=True, cut=False))
    rows = [line for line in text.splitlines() if line.startswith("| 2026")]
    assert rows[0] == "| 2026-03-01 03:12:00 | “looking” | bob | thread |"
    assert "deploy \\| \\<script\\> \\[x\\](y)" in rows[1]
    assert "All times are UTC." in text
    assert "which is no record" in text
