"""What another monitor alerts: it has judged already, with a `for` of its own."""

from alerts.probes.outside import IS_CRITICAL, OUTSIDE_ALERT
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity


def _judge(reading: Reading) -> Result:
    value = reading.value(OUTSIDE_ALERT)
    if value is None:
        return Unknown()
    if not value:
        return Ok("resolved, by who sent it")
    severity = Severity.CRITICAL if value >= IS_CRITICAL else Severity.WARNING
    return Bad(severity, "fires there", "its own rule", reading.evidence(OUTSIDE_ALERT))


OUTSIDE = Rule(
    name="outside",
    observes=(OUTSIDE_ALERT,),
    title="{cluster}: {subject}",
    resolved_title="{cluster}: {subject} is over",
    judge=_judge,
    hold=lambda limits: 0.0,
    why="Another monitor found it by a rule of its own and sent it here.",
    mend="Follow what it says; it resolves here when the sender says that it is over.",
    caused_by_operations=True,
    stands_alone=True,
)
