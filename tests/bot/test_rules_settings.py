"""The settings of rules of one's own: what they become, and what is said of mistakes, all at once."""

import tomllib
from typing import Any

import pytest

from alerts.rules.custom.custom_rule import as_rule
from alerts.thresholds import Thresholds
from bot.rules_settings import EXAMPLE, RuleSettings, custom_rules, mistakes_in_rules, rule_names
from ledger.alerts import Severity

GOOD = {
    "name": "falling_behind",
    "expression": "replay_lag_bytes > 16MB",
    "for": "2m",
    "keep_firing_for": "5m",
    "severity": "critical",
    "why": "It falls behind.",
    "what_to_do": "Look at its disk.",
}


def test_what_a_rule_becomes() -> None:
    (own,) = custom_rules([RuleSettings.model_validate(GOOD)])
    rule = as_rule(own)
    assert (rule.name, rule.hold(Thresholds()), rule.keep and rule.keep(Thresholds())) == ("falling_behind", 120, 300)
    assert (own.severity, rule.why, rule.mend) == (Severity.CRITICAL, "It falls behind.", "Look at its disk.")


@pytest.mark.parametrize(
    ("change", "key", "wrong", "right"),
    [
        (
            {"expression": "replay_lag_byte > 5"},
            "rules.0.expression",
            "at character 1: nothing is observed under the name 'replay_lag_byte'",
            "did you mean 'replay_lag_bytes'?",
        ),
        (
            {"expression": "disk_used > 80% and"},
            "rules.0.expression",
            "at character 20 cannot be read",
            "a value, a number or a function was expected, not the end",
        ),
        ({"name": "disk"}, "rules.0.name", "'disk' is the name of a built-in rule", "give it another"),
    ],
)
def test_a_mistake_names_the_key_the_place_and_what_would_be_right(
    change: dict[str, Any], key: str, wrong: str, right: str
) -> None:
    (mistake,) = mistakes_in_rules([{**GOOD, **change}])
    assert (mistake.key, mistake.wrong) == (key, wrong)
    assert right in mistake.right


def test_two_of_one_name_are_one_too_many() -> None:
    (mistake,) = mistakes_in_rules([GOOD, GOOD])
    assert mistake.key == "rules.1.name"


def test_what_the_template_shows_can_be_used() -> None:
    shown = tomllib.loads(
        "\n".join(line.removeprefix("# ") for line in EXAMPLE.splitlines() if "=" in line or "[[" in line)
    )
    assert not list(mistakes_in_rules(shown["rules"]))
    assert custom_rules([RuleSettings.model_validate(section) for section in shown["rules"]])


def test_routes_and_silences_know_them_by_name() -> None:
    assert "falling_behind" in rule_names([GOOD])
    assert "disk" in rule_names(None)
