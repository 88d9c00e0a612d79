"""What Understudy says when it is in trouble itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.itself import OwnState, Ping
from alerts.probes.itself import LEDGER_FREE, LOOK_AGE, LOOP_LAG, PING_AGE, SLACK_LAG, own
from alerts.rules.itself import OWN_LEDGER, OWN_LOOKS, OWN_LOOP, OWN_PING, OWN_SLACK
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from tests.alerts.looks import NOW

GIB = 1024**3
WELL = OwnState(
    NOW, {"shop": 2.0}, 0, None, 0.01, ledger_free=50 * GIB, ledger_used=0.3, ping=Ping(NOW - timedelta(days=1), NOW)
)


def judged(rule: Rule, state: OwnState, subject: str) -> Result:
    seen = {one.name: one for one in own(state) if one.subject == subject}
    return rule.judge(Reading(subject, seen, Thresholds()))


CASES = (
    (OWN_LOOKS, LOOK_AGE, "shop", {"look_ages": {"shop": 61.0}}, Severity.CRITICAL),
    (OWN_SLACK, SLACK_LAG, "Slack", {"outbox_pending": 3, "outbox_oldest_age": 61.0}, Severity.WARNING),
    (OWN_LOOP, LOOP_LAG, "event loop", {"loop_lag": 1.5}, Severity.WARNING),
    (OWN_LEDGER, LEDGER_FREE, "ledger", {"ledger_free": GIB - 1}, Severity.WARNING),
    (OWN_LEDGER, LEDGER_FREE, "ledger", {"ledger_free": GIB // 6}, Severity.CRITICAL),
    (OWN_PING, PING_AGE, "ping", {"ping": Ping(NOW - timedelta(minutes=6))}, Severity.WARNING),
)


@pytest.mark.parametrize(("rule", "observation", "subject", "trouble", "severity"), CASES)
def test_a_trouble_is_told_and_its_absence_is_well(
    rule: Rule, observation: str, subject: str, trouble: dict[str, object], severity: Severity
) -> None:
    assert rule.observes == (observation,)
    assert isinstance(judged(rule, WELL, subject), Ok)
    result = judged(rule, replace(WELL, **trouble), subject)  # type: ignore[arg-type]  # one of the cases above
    assert isinstance(result, Bad)
    assert result.severity is severity


@pytest.mark.parametrize(
    ("rule", "subject", "unknown"),
    [
        (OWN_LOOKS, "shop", {"look_ages": {"shop": None}}),
        (OWN_LOOP, "event loop", {"loop_lag": None}),
        (OWN_LEDGER, "ledger", {"ledger_free": None, "ledger_problem": "it hangs"}),
    ],
)
def test_what_is_not_known_is_neither(rule: Rule, subject: str, unknown: dict[str, object]) -> None:
    assert isinstance(judged(rule, replace(WELL, **unknown), subject), Unknown)  # type: ignore[arg-type]


def test_where_nobody_is_pinged_nothing_is_said_of_it() -> None:
    assert all(one.name != PING_AGE for one in own(replace(WELL, ping=None)))


def test_the_evidence_of_a_ping_that_fails_says_why() -> None:
    state = replace(WELL, ping=Ping(NOW - timedelta(days=1), NOW - timedelta(minutes=6), "it answered 500"))
    result = judged(OWN_PING, state, "ping")
    assert isinstance(result, Bad)
    assert result.evidence == ("the dead man's switch took the last ping 6 min ago", "it answered 500")
