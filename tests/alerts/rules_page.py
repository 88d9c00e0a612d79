"""docs/rules.md, as the rules themselves have it.

`python -m tests.alerts.rules_page` writes it anew.
"""

from pathlib import Path

from alerts.rules import RULES
from alerts.rules.explained import Explained, explained
from alerts.rules.read_thresholds import thresholds_read
from alerts.rules.rule import Rule
from alerts.thresholds import Thresholds
from bot.thresholds_settings import default_text

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
HEAD = """# Every rule, and what to do when it fires

Written by the rules themselves: what an alert says, the thresholds with their defaults (`[thresholds]`), how long it
must hold before it fires, how bad it is, why it matters, and what to do. Understudy serves each at `/rules/NAME`,
with the thresholds of your settings; an alert's card leads there or to your own page (docs/incidents.md, "Runbooks").
"""


def page() -> str:
    return "\n".join((HEAD, *(_section(rule) for rule in RULES)))


def _section(rule: Rule) -> str:
    one = explained(rule, Thresholds())
    limits = ", ".join(f"`{name} = {default_text(name)}`" for name in thresholds_read(rule)) or "none"
    return f"""## {one.name}
*{_angled(one)}*

- thresholds: {limits}
- for: {one.holds}
- severity: {one.severity}

{one.why} **{one.mend}**
"""


def _angled(one: Explained) -> str:
    return one.what.replace("CLUSTER", "NAME")


if __name__ == "__main__":
    PAGE.write_text(page())
