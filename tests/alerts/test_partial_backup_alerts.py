"""What alerts about dumps and volumes see and say."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.observation import Look
from alerts.probes.partial_backups import partial_backups
from alerts.rules.partial_backups import PARTIAL_BACKUP, PARTIAL_UNVERIFIED
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from servers.backups.partial.place import DumpPlace, PartKind
from servers.backups.partial.state import PartialBackup, PartialState, PartSeen
from servers.state import Answer
from tests.alerts.looks import ANSWERED, CLUSTER, NOW, UNREACHABLE, look

HOUR, DAY = 3600.0, 86400.0
DUMP = DumpPlace("nightly", "/dumps", max_age=26 * HOUR)
SHOP = replace(CLUSTER, dumps=(DUMP,))


def dump(hours_ago: float, **more: object) -> PartialBackup:
    ended = NOW - timedelta(hours=hours_ago)
    name = f"{ended:%Y%m%dT%H%M%SZ}"
    made = PartialBackup(PartKind.DUMP, "nightly", name, "db2", f"/dumps/{name}", ended, ended, 1000)
    return replace(made, **more)  # type: ignore[arg-type]


def seen(*backups: PartialBackup, answer: Answer = ANSWERED) -> Look:
    newest_first = tuple(sorted(backups, key=lambda one: one.name, reverse=True))
    found = look(cluster=SHOP)
    return replace(found, state=replace(found.state, partial=PartialState((PartSeen(DUMP, answer, newest_first),))))


def judged(rule: Rule, of: Look) -> Result:
    observations = {one.name: one for one in partial_backups(of)}
    assert {one.subject for one in observations.values()} == {"dump nightly"}
    return rule.judge(Reading("dump nightly", observations, Thresholds()))


@pytest.mark.parametrize(("hours", "severity"), [(27.0, Severity.WARNING), (53.0, Severity.CRITICAL)])
def test_one_that_is_older_than_the_settings_allow_is_told(hours: float, severity: Severity) -> None:
    result = judged(PARTIAL_BACKUP, seen(dump(hours), dump(80.0)))
    assert isinstance(result, Bad)
    assert result.severity is severity
    assert "on db2" in result.evidence[0]


def test_a_fresh_one_is_well_and_none_at_all_is_critical() -> None:
    assert isinstance(judged(PARTIAL_BACKUP, seen(dump(25.0))), Ok)
    none = judged(PARTIAL_BACKUP, seen())
    assert isinstance(none, Bad)
    assert (none.severity, none.value) == (Severity.CRITICAL, "there is none")


def test_a_later_one_that_broke_off_is_told_and_an_earlier_one_is_not() -> None:
    broken = dump(1.0, finished_at=None, failed=True)
    result = judged(PARTIAL_BACKUP, seen(dump(10.0), broken))
    assert isinstance(result, Bad)
    assert result.value == "a newer one failed"
    assert "/dumps/" in result.evidence[-1]
    assert isinstance(judged(PARTIAL_BACKUP, seen(dump(10.0), dump(20.0, finished_at=None, failed=True))), Ok)


def test_one_that_runs_now_is_no_failure() -> None:
    assert isinstance(judged(PARTIAL_BACKUP, seen(dump(25.0), dump(0.1, finished_at=None))), Ok)


def test_what_cannot_be_seen_is_neither_late_nor_well() -> None:
    assert isinstance(judged(PARTIAL_BACKUP, look(cluster=SHOP)), Unknown)
    assert isinstance(judged(PARTIAL_BACKUP, seen(answer=UNREACHABLE)), Unknown)
    assert isinstance(judged(PARTIAL_BACKUP, seen(dump(40.0), answer=UNREACHABLE)), Unknown)
    assert isinstance(judged(PARTIAL_UNVERIFIED, seen(answer=UNREACHABLE)), Unknown)


def test_one_that_failed_its_proof_is_critical_and_one_that_was_never_tried_is_told_in_time() -> None:
    doubtful = judged(PARTIAL_UNVERIFIED, seen(dump(1.0, doubtful=True), dump(30.0, verified_at=NOW)))
    assert isinstance(doubtful, Bad)
    assert doubtful.severity is Severity.CRITICAL
    untried = judged(PARTIAL_UNVERIFIED, seen(dump(1.0), dump(9 * 24.0)))
    assert isinstance(untried, Bad)
    assert untried.severity is Severity.WARNING
    assert isinstance(judged(PARTIAL_UNVERIFIED, seen(dump(1.0), dump(25.0, verified_at=NOW - timedelta(days=1)))), Ok)


def test_a_cluster_without_any_observes_nothing() -> None:
    assert partial_backups(look()) == ()
