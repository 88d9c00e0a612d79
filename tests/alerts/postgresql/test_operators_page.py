"""What docs/watching-postgresql.md says of each rule is what the rule does."""

from alerts.dependencies import Layer
from alerts.rules import RULES
from tests.alerts.postgresql.operators_page import PAGE, SECTIONS, page, with_table

# What goes on inside PostgreSQL is this page's; these are told elsewhere.
_ELSEWHERE = frozenset({"cannot_see"})


def test_the_table_is_that_of_the_rules() -> None:
    text = PAGE.read_text()
    assert with_table(text, page()) == text, "python -m tests.alerts.postgresql.operators_page writes it anew"


def test_no_rule_about_the_inside_of_a_server_is_missing() -> None:
    told = {name for names in SECTIONS.values() for name in names}
    inside = {rule.name for rule in RULES if rule.about in (Layer.INSIDE, Layer.LAG)}
    assert inside - told <= _ELSEWHERE
