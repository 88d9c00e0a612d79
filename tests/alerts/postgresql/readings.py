"""What one rule makes of what was observed."""

from alerts.observation import Look, Observation
from alerts.round import observe
from alerts.rules import RULES
from alerts.rules.rule import Bad, Reading, Result
from alerts.thresholds import Thresholds
from ledger.alerts import Severity

BY_NAME = {rule.name: rule for rule in RULES}


def observed(look: Look, name: str, subject: str) -> Observation:
    """The observation of that name and subject; StopIteration where there is none."""
    return next(one for one in observe(look).observations if (one.name, one.subject) == (name, subject))


def value(look: Look, name: str, subject: str) -> float | None:
    return observed(look, name, subject).value


def judged(
    look: Look, rule: str, subject: str, thresholds: Thresholds | None = None, firing: Severity | None = None
) -> Result:
    """What the rule says of that subject of the look."""
    observations = {one.name: one for one in observe(look).observations if one.subject == subject}
    return BY_NAME[rule].judge(Reading(subject, observations, thresholds or Thresholds(), firing))


def severity(result: Result) -> Severity | None:
    return result.severity if isinstance(result, Bad) else None
