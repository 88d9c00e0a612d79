"""A rule of the settings lives as any other one, and where it breaks it is unknown and disturbs nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.observation import Observation, Unit
from alerts.probes.replay_lag import REPLAY_LAG_BYTES
from alerts.probes.visibility import NOT_SEEN
from alerts.rehearsal import Stage, rehearse
from alerts.rules import RULES
from alerts.rules.custom import custom_rule
from alerts.rules.custom.custom_rule import CustomRule, CustomRules, as_rule
from alerts.rules.custom.evaluation import Scope, truth
from alerts.rules.custom.expression import Expression
from alerts.rules.custom.parser import parse
from alerts.rules.custom.values import value_names
from alerts.rules.replay_lag import REPLAY_LAG
from alerts.rules.rule import Bad, Ok, Reading, Result, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from ledger.history.buckets import bucket_of
from ledger.history.series import Series
from tests.alerts.looks import CLUSTER

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _own(text: str, name: str = "falling_behind", hold: float = 0.0) -> CustomRule:
    return CustomRule(
        name, text, parse(text, value_names()), hold, 0.0, Severity.CRITICAL, "It falls behind.", "Look at its disk."
    )


def _lag(value: float | None, server: str = "db2") -> Observation:
    return Observation(REPLAY_LAG_BYTES, server, value, Unit.BYTES, (), server)


def _judged(own: CustomRule, *seen: Observation) -> Result:
    (said,) = CustomRules([own]).observe("shop", NOON, seen)
    return as_rule(own).judge(Reading(said.subject, {said.name: said}, Thresholds()))


def test_it_is_bad_with_the_value_and_the_expression() -> None:
    assert _judged(_own("replay_lag_bytes > 16MiB"), _lag(2.0**25)) == Bad(
        Severity.CRITICAL, "replay lag bytes 32.0 MB", "not (replay_lag_bytes > 16MiB)", ("replay lag bytes 32.0 MB",)
    )


def test_it_is_well_or_unknown_as_what_it_rests_on() -> None:
    assert _judged(_own("replay_lag_bytes > 16MiB"), _lag(5.0)) == Ok("replay lag bytes 5 bytes")
    assert _judged(_own("replay_lag_bytes > 16MiB"), _lag(None)) == Unknown()


def test_each_subject_is_asked_about_for_itself() -> None:
    said = CustomRules([_own("replay_lag_bytes > 16MiB")]).observe("shop", NOON, (_lag(0.0, "db1"), _lag(1e9, "db2")))
    assert [(one.subject, one.value, one.server) for one in said] == [("db1", 0.0, "db1"), ("db2", 1.0, "db2")]


def test_over_time_it_remembers_each_cluster_for_itself() -> None:
    rules = CustomRules([_own("avg(replay_lag_bytes, 1m) > 10")])
    for second in range(0, 60, 5):
        (said,) = rules.observe("shop", NOON + timedelta(seconds=second), (_lag(20.0),))
    assert said.value == 1.0
    (elsewhere,) = rules.observe("mail", NOON + timedelta(seconds=60), (_lag(20.0),))
    assert elsewhere.value is None


def test_one_that_breaks_is_itself_seen_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, fine = _own("replay_lag_bytes > 1", "broken"), _own("replay_lag_bytes > 1", "fine")

    def breaks(expression: Expression, scope: Scope) -> bool | None:
        if expression is broken.expression:
            raise RuntimeError("never seen before")
        return truth(expression, scope)

    monkeypatch.setattr(custom_rule, "truth", breaks)
    first, second = CustomRules([broken, fine]).observe("shop", NOON, (_lag(5.0),))
    assert (first.name, first.subject, first.evidence) == (
        NOT_SEEN,
        "by rule broken",
        ("RuntimeError: never seen before",),
    )
    assert (second.name, second.value) == ("rule:fine", 1.0)


def test_every_value_that_a_built_in_rule_watches_can_be_spoken_of() -> None:
    assert {name for rule in RULES for name in rule.observes} <= set(value_names())


def _series(*values: float | None) -> Series:
    buckets = tuple(None if value is None else bucket_of([value]) for value in values)
    return Series(REPLAY_LAG_BYTES, CLUSTER.servers[1].name, Unit.BYTES, NOON, 60, buckets)


def _played(own: CustomRule, *values: float | None) -> list[tuple[str, float, float | None]]:
    """When it fired and resolved, in minutes."""
    stage = Stage(CLUSTER, (_series(*values),), Thresholds())
    return [
        (
            one.rule,
            (one.fired_at - NOON).total_seconds() / 60,
            None if one.resolved_at is None else (one.resolved_at - NOON).total_seconds() / 60,
        )
        for one in rehearse(stage, [as_rule(own)], CustomRules([own], 60))
    ]


def test_played_on_the_past_it_fires_and_resolves_where_it_would_have() -> None:
    own = _own("replay_lag_bytes > 10")
    assert _played(own, 0, 0, 50, 50, 0, 0) == [("falling_behind", 2, 4)]


def test_what_it_must_hold_for_counts_in_the_past_too() -> None:
    own = _own("replay_lag_bytes > 10", hold=120)
    assert _played(own, 0, 50, 50, 0, 50, 50, 50, 50) == [("falling_behind", 6, None)]


def test_a_gap_in_the_past_neither_fires_nor_resolves_anything() -> None:
    own = _own("replay_lag_bytes > 10")
    assert _played(own, 0, 50, None, None, 50, 0) == [("falling_behind", 1, 5)]


def test_functions_over_time_see_the_past_in_its_own_steps() -> None:
    own = _own("avg(replay_lag_bytes, 5m) > 10")
    assert _played(own, *[0] * 6, *[20] * 6, *[0] * 6) == [("falling_behind", 9, 14)]


def test_a_built_in_rule_is_played_with_its_thresholds() -> None:
    stage = Stage(CLUSTER, (_series(0, 2e9, 2e9, 2e9, 0),), Thresholds())
    (one,) = rehearse(stage, [REPLAY_LAG], CustomRules())
    assert (one.rule, one.fired_at, one.value) == ("replay_lag", NOON + timedelta(minutes=2), "1.9 GB")
