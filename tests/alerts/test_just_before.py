"""What an alert's card says of what came just before it: the nearest three, and never that they caused it."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from alerts.just_before import MOST, blocked_now, just_before, read_before
from alerts.notices import Context, card_page
from alerts.observation import Observation, Unit
from ledger.alerts import save
from ledger.audit import UNDERSTUDY, Actor, AuditEntry, AuditKind, append
from ledger.happened import Happened
from ledger.ledger import Ledger
from ledger.page import Items, Link, Note
from tests.alerts.looks import NOW
from tests.alerts.test_notices import ALERT

CI = Actor("webhook", "CI", "http")


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def changed(what: str, at: datetime, operation: str | None = None) -> Happened:
    return Happened(at, AuditKind.NOTE, what, operation)


def test_the_nearest_comes_first_and_three_are_enough() -> None:
    changes = [changed(f"change {minutes}", ago(minutes=minutes)) for minutes in (9, 2, 5, 7)]
    assert just_before(ALERT, changes, ()) == (
        "2 min before: change 2",
        "5 min before: change 5",
        "7 min before: change 7",
    )


def test_what_came_after_it_or_long_before_it_is_not_told() -> None:
    changes = [changed("later", NOW + timedelta(seconds=1)), changed("long ago", ago(minutes=31))]
    others = [replace(ALERT, id="A1", group="alert/A1", since=ago(minutes=6))]
    assert just_before(ALERT, changes, others) == ()


def test_of_an_operation_only_what_it_did_last() -> None:
    changes = [changed("restart (7K3F) began", ago(minutes=4), "7K3F")]
    changes.append(changed("restart (7K3F) succeeded", ago(minutes=3), "7K3F"))
    assert just_before(ALERT, changes, ()) == ("3 min before: restart (7K3F) succeeded",)


def test_another_alert_is_named_but_not_itself_nor_one_that_its_own_card_shows() -> None:
    disk = replace(ALERT, id="A1", rule="disk", subject="db1 /data", group="alert/A1", since=ago(seconds=40))
    held = replace(disk, id="A2", group=ALERT.group)
    (line,) = just_before(ALERT, (), (ALERT, disk, held))
    assert line.startswith("40 s before: shop: ")
    assert line.endswith("(A1)")


def test_sessions_that_wait_are_told_with_who_holds_them_up() -> None:
    waits = Observation("blocked_seconds", "db1", 12.0, Unit.SECONDS, ("app holds up 3 sessions",), "db1")
    nobody = replace(waits, subject="db2", value=0.0)
    assert blocked_now(ALERT, (nobody, waits)) == ("Sessions wait for a lock on db1: app holds up 3 sessions",)
    assert blocked_now(replace(ALERT, rule="blocked_sessions"), (waits,)) == ()


def test_the_card_never_shows_more_than_three_and_never_says_because() -> None:
    page = card_page(ALERT, Context(before=("a", "b", "c"), blocked=("d",)))
    (items,) = [part for part in page.parts if isinstance(part, Items) and part.title == "Just before it"]
    assert [item.title for item in items.items] == ["d", "a", "b"]
    assert len(items.items) == MOST
    assert "because" not in str(page).lower()


def test_the_runbook_is_a_link_in_the_small_print() -> None:
    page = card_page(ALERT, Context(runbook="https://wiki.example/primary_down"))
    notes = [part for part in page.parts if isinstance(part, Note)]
    assert notes[-1].spans[-1] == Link("Runbook", "https://wiki.example/primary_down")


async def test_it_is_read_from_the_audit_log_and_stays_the_same(tmp_path: Path) -> None:
    entries = [
        AuditEntry(ago(minutes=2), AuditKind.NOTE, CI, cluster="shop", details={"note": "deploy 214"}),
        AuditEntry(ago(minutes=1), AuditKind.NOTE, CI, cluster="stock", details={"note": "elsewhere"}),
        AuditEntry(ago(minutes=3), AuditKind.SETTINGS_LOADED, UNDERSTUDY, details={"changed": ["thresholds.disk"]}),
        AuditEntry(ago(minutes=4), AuditKind.SETTINGS_LOADED, UNDERSTUDY, details={"line": "unchanged"}),
        AuditEntry(NOW + timedelta(minutes=1), AuditKind.NOTE, CI, details={"note": "too late"}),
    ]
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:

        async def told() -> tuple[str, ...]:
            return await ledger.read(lambda db: read_before(db, ALERT))

        await ledger.write(lambda db: [append(db, entry) for entry in sorted(entries, key=lambda one: one.at)] and None)
        expected = (
            "2 min before: note by CI: “deploy 214”",
            "3 min before: Understudy started with changed settings: thresholds.disk",
        )
        assert await told() == expected
        await ledger.write(lambda db: save(db, ALERT))
        assert await told() == expected
