"""Each rule fires where it should, with words that say what was seen against what."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.inhibition import hides
from alerts.observation import Observation, Unit
from alerts.rules import RULES
from alerts.rules.rule import Bad, Limits, Ok, Reading, Result, Rule, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity

BY_NAME = {rule.name: rule for rule in RULES}
HOUR = 3600.0
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


def judge(rule: str, firing: Severity | None = None, /, **values: float | None) -> Result:
    observations = {
        name: Observation(name, "db2", value, Unit.COUNT, (f"{name} was seen",)) for name, value in values.items()
    }
    return BY_NAME[rule].judge(Reading("db2", observations, Thresholds(), firing))


def severity(result: Result) -> Severity | None:
    return result.severity if isinstance(result, Bad) else None


@pytest.mark.parametrize(
    ("rule", "observation", "expected"),
    [
        ("primary_down", "primary_up", CRITICAL),
        ("split_brain", "one_primary", CRITICAL),
        ("no_primary", "primary_present", CRITICAL),
        ("primary_unreachable", "primary_reachable", WARNING),
        ("clients_held", "clients_go_on", CRITICAL),
        ("traffic_astray", "leads_to_primary", CRITICAL),
        ("standby_down", "standby_up", WARNING),
        ("replication_broken", "standby_streams", WARNING),
    ],
)
def test_no_is_bad_yes_is_well_and_silence_is_neither(rule: str, observation: str, expected: Severity) -> None:
    assert severity(judge(rule, **{observation: 0.0})) is expected
    assert isinstance(judge(rule, **{observation: 1.0}), Ok)
    assert isinstance(judge(rule, **{observation: None}), Unknown)
    assert isinstance(judge(rule), Unknown)


def test_a_missing_standby_is_critical_where_commits_wait_for_it() -> None:
    result = judge("standby_down", standby_up=0.0, synchronous_commit_waits=1.0)
    assert severity(result) is CRITICAL
    assert isinstance(result, Bad)
    assert "commits wait" in result.evidence[-1]


@pytest.mark.parametrize(
    ("in_bytes", "seconds", "expected"),
    [
        (2_000_000.0, 1.0, WARNING),
        (1024.0 * 1024, 0.0, None),
        (1024.0 * 1024 + 1, None, WARNING),
        (100.0, 61.0, WARNING),
        (100.0, 60.0, None),
        (100.0, None, None),
    ],
)
def test_replay_lag_counts_in_bytes_or_in_seconds(
    in_bytes: float, seconds: float | None, expected: Severity | None
) -> None:
    result = judge("replay_lag", replay_lag_bytes=in_bytes, replay_lag_seconds=seconds)
    assert severity(result) is expected
    assert isinstance(result, Bad if expected else Ok)


def test_replay_lag_says_what_was_seen_against_what() -> None:
    result = judge("replay_lag", replay_lag_bytes=3.0 * 1024 * 1024, replay_lag_seconds=12.0)
    assert isinstance(result, Bad)
    assert (result.value, result.threshold) == ("3.0 MB, 12 s", "at most 1.0 MB and 1 min")


@pytest.mark.parametrize(
    ("age", "incomplete", "expected"),
    [
        (25 * HOUR, 0.0, None),
        (27 * HOUR, 0.0, WARNING),
        (51 * HOUR, 0.0, CRITICAL),
        (math.inf, 0.0, CRITICAL),
        (HOUR, 5 * HOUR, None),
        (HOUR, 7 * HOUR, WARNING),
    ],
)
def test_a_backup_may_be_neither_too_old_nor_left_incomplete(
    age: float, incomplete: float, expected: Severity | None
) -> None:
    assert severity(judge("backup", backup_age=age, backup_incomplete_age=incomplete)) is expected


def test_a_backup_is_unknown_where_its_age_is() -> None:
    assert isinstance(judge("backup", backup_age=None, backup_incomplete_age=None), Unknown)
    assert isinstance(judge("backup", backup_age=HOUR, backup_incomplete_age=None), Unknown)


@pytest.mark.parametrize(
    ("failing", "behind", "expected"),
    [
        (0.0, None, None),
        (0.0, 899.0, None),
        (0.0, 901.0, WARNING),
        (0.0, 3601.0, CRITICAL),
        (1.0, None, WARNING),
        (1.0, 10.0, WARNING),
    ],
)
def test_the_wal_archive_may_neither_fail_nor_fall_behind(
    failing: float, behind: float | None, expected: Severity | None
) -> None:
    assert severity(judge("wal_archive", archive_failing=failing, archive_behind=behind)) is expected


@pytest.mark.parametrize(
    ("rule", "observation", "used", "firing", "expected"),
    [
        ("disk", "disk_used", 0.79, None, None),
        ("disk", "disk_used", 0.80, None, WARNING),
        ("disk", "disk_used", 0.90, WARNING, CRITICAL),
        ("disk", "disk_used", 0.89, CRITICAL, CRITICAL),
        ("disk", "disk_used", 0.87, CRITICAL, WARNING),
        ("disk", "disk_used", 0.79, WARNING, WARNING),
        ("disk", "disk_used", 0.77, WARNING, None),
        ("connections", "connections_used", 0.81, None, WARNING),
        ("connections", "connections_used", 0.96, None, CRITICAL),
        ("connections", "connections_used", 0.76, WARNING, WARNING),
        ("connections", "connections_used", 0.74, WARNING, None),
    ],
)
def test_what_runs_out_has_two_limits_and_a_little_slack_on_the_way_back(
    rule: str, observation: str, used: float, firing: Severity | None, expected: Severity | None
) -> None:
    assert severity(judge(rule, firing, **{observation: used})) is expected


def test_blindness_is_an_alert_of_its_own() -> None:
    assert severity(judge("cannot_see", not_seen=1.0)) is WARNING
    assert isinstance(judge("cannot_see", not_seen=0.0), Ok)
    assert isinstance(judge("cannot_see", not_seen=None), Unknown)


@given(
    values=st.lists(st.floats(0, 1), min_size=1),
    slack=st.floats(0, 0.1),
)
def test_within_the_slack_of_a_limit_the_severity_does_not_flap(values: list[float], slack: float) -> None:
    limits = Limits(0.8, 0.9, slack)
    firing: Severity | None = None
    for value in values:
        after = limits.severity(value, firing)
        assert after == limits.severity(value, after)
        firing = after


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_why_and_what_to_do(rule: Rule) -> None:
    assert rule.why.endswith(".")
    assert rule.mend.endswith(".")
    assert "{cluster}" in rule.title
    assert rule.hold(Thresholds()) >= 0


def test_what_hides_a_rule_is_judged_before_it() -> None:
    order = [rule.name for rule in RULES]
    for rule in RULES:
        for hider in (*rule.hidden_by, *rule.hidden_by_same):
            assert order.index(hider) < order.index(rule.name)
        for cause in RULES:
            if cause is not rule and hides(cause, "db1", rule, "db1"):
                assert order.index(cause.name) < order.index(rule.name)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"disk_warning": 0.95}, "disk_warning is above disk_critical"),
        ({"replay_lag_for": -1.0}, "replay_lag_for is below zero"),
        ({"disk_critical": 80.0}, "disk_critical is above 1"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(changed: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Thresholds(**changed)
