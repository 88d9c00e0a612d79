"""Blindness is an alert of its own."""

from alerts.dependencies import Layer
from alerts.probes.visibility import NOT_SEEN
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity


def _judge(reading: Reading) -> Result:
    count = reading.value(NOT_SEEN)
    if count is None:
        return Unknown()
    if not count:
        return Ok("seen")
    evidence = reading.evidence(NOT_SEEN)
    return Bad(Severity.WARNING, f"unknown: {'; '.join(evidence)}", "an answer", evidence)


CANNOT_SEE = Rule(
    name="cannot_see",
    observes=(NOT_SEEN,),
    title="{cluster}: Understudy cannot see {subject}",
    resolved_title="{cluster}: Understudy sees {subject} again",
    judge=_judge,
    hold=lambda thresholds: thresholds.cannot_see_for,
    critical_after=lambda thresholds: thresholds.cannot_see_critical_after,
    why="What is not seen is unknown, neither well nor down: no other alert about it can fire or resolve.",
    mend="understudy check (at a terminal) tries each way of looking and says how to mend it.",
    about=Layer.NETWORK,
    hidden_by_same=("primary_down", "standby_down", "primary_unreachable", "patroni_dcs"),
    caused_by_operations=True,
)
