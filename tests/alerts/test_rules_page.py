"""What docs/rules.md says of each rule is what the rule does."""

import pytest

from alerts.rules import RULES
from alerts.rules.explained import explained
from alerts.rules.rule import Rule
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from tests.alerts.rules_page import PAGE, page

OFF_AT_FIRST = ("cache_hit",)


def test_the_page_is_that_of_the_rules() -> None:
    assert PAGE.read_text() == page(), "python -m tests.alerts.rules_page writes it anew"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_all_of_it(rule: Rule) -> None:
    one = explained(rule, Thresholds())
    assert one.severities or rule.name in OFF_AT_FIRST, "the severities were not found"
    assert all((one.what, one.holds, one.why, one.mend))


def test_both_severities_and_what_makes_it_worse_are_found() -> None:
    by_name = {rule.name: explained(rule, Thresholds()) for rule in RULES}
    assert by_name["primary_down"].severities == (Severity.CRITICAL,)
    assert by_name["disk"].severities == (Severity.WARNING, Severity.CRITICAL)
    assert by_name["standby_down"].severity.startswith("warning or critical; critical when left alone for ")
