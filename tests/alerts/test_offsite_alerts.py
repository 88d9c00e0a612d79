"""What alerts about the copies off site see and say."""

from dataclasses import replace
from datetime import timedelta

from alerts.observation import Look
from alerts.probes.offsite import offsite
from alerts.probes.visibility import visibility
from alerts.rules.offsite import OFFSITE_DIFFERS_RULE, OFFSITE_LATE_RULE
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from servers.inventory import OffsitePlace
from servers.state import Answer, BackupState, OffsiteBackup, OffsiteState, Outcome
from tests.alerts.looks import ANSWERED, CLUSTER, NOW, PLACE, look
from tests.alerts.test_backup_alerts import SILENT, base

HOUR = 3600.0
FAR = replace(CLUSTER, backups=replace(PLACE, offsite=OffsitePlace("far-away")))
THERE = OffsiteState(ANSWERED, (OffsiteBackup("1 days", 5),), NOW)


def seen(state: OffsiteState | None, *days: float, answer: Answer = ANSWERED) -> Look:
    backups = BackupState(answer, tuple(base(each) for each in days), None, None, offsite=state)
    return replace(look(backups=backups), cluster=FAR)


def judged(rule: Rule, of: Look) -> Result:
    by_name = {one.name: one for one in offsite(of)}
    return rule.judge(Reading(CLUSTER.name, by_name, Thresholds()))


def test_where_the_settings_name_no_place_nothing_is_said() -> None:
    assert offsite(replace(seen(None, 1), cluster=CLUSTER)) == ()


def test_with_the_newest_backup_and_the_wal_there_all_is_well() -> None:
    assert isinstance(judged(OFFSITE_LATE_RULE, seen(THERE, 1, 2)), Ok)
    assert isinstance(judged(OFFSITE_DIFFERS_RULE, seen(THERE, 1, 2)), Ok)


def test_a_backup_that_waits_for_too_long_is_named() -> None:
    state = replace(THERE, backups=())

    result = judged(OFFSITE_LATE_RULE, seen(state, 1, 2))

    assert isinstance(result, Bad)
    assert result.value == "a backup waits for 1 d"
    assert result.evidence == ("backup 1 days ended 1 d ago, and is not off site as a whole",)
    assert isinstance(judged(OFFSITE_LATE_RULE, seen(state, 0.4, 2)), Ok)


def test_wal_that_waits_for_too_long_is_said() -> None:
    result = judged(OFFSITE_LATE_RULE, seen(replace(THERE, wal_copied_at=NOW - timedelta(hours=1)), 1))

    assert isinstance(result, Bad)
    assert result.value == "WAL waits for 1 h"


def test_what_is_not_as_it_was_copied_is_critical_and_named() -> None:
    state = replace(THERE, backups=(OffsiteBackup("1 days", 5, ("base.tar is missing off site",)),))

    result = judged(OFFSITE_DIFFERS_RULE, seen(state, 1))

    assert isinstance(result, Bad)
    assert result.severity is Severity.CRITICAL
    assert result.evidence == ("1 days: base.tar is missing off site",)


def test_a_store_or_a_host_that_does_not_answer_is_unknown_and_the_store_is_not_seen() -> None:
    for unseen in (
        seen(OffsiteState(SILENT), 1),
        seen(THERE, answer=SILENT),
        seen(replace(THERE, wal_copied_at=None), 1),
    ):
        assert isinstance(judged(OFFSITE_LATE_RULE, unseen), Unknown)
    assert isinstance(judged(OFFSITE_DIFFERS_RULE, seen(OffsiteState(SILENT), 1)), Unknown)
    missing = {one.subject: one.value for one in visibility(seen(OffsiteState(SILENT), 1))}
    assert missing["off site"] == 1.0
    assert SILENT.outcome is Outcome.TIMED_OUT
