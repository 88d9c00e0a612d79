"""Judgements over one amount: too much of it, or too little left."""

import math
from collections.abc import Callable

from alerts.rules.rule import Bad, Limits, Ok, Reading, Result, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity

Judge = Callable[[Reading], Result]


def too_much(
    observation: str,
    limits: Callable[[Thresholds], Limits],
    value_text: Callable[[float], str],
    limit_text: Callable[[float], str],
) -> Judge:
    """At or above a limit is bad, with slack on the way back."""

    def judge(reading: Reading) -> Result:
        value, bounds = reading.value(observation), limits(reading.thresholds)
        if value is None:
            return Unknown()
        severity = bounds.severity(value, reading.firing)
        if severity is None:
            return Ok(value_text(value))
        limit = bounds.critical if severity is Severity.CRITICAL else bounds.warning
        return Bad(severity, value_text(value), f"below {limit_text(limit)}", reading.evidence(observation))

    return judge


def only_warns(limit: float, slack: float = 0.0) -> Limits:
    """One threshold, that of a warning."""
    return Limits(limit, math.inf, slack)


def more_than(
    observation: str, severity: Severity, limit: Callable[[Thresholds], float], what: Callable[[float], str], well: str
) -> Judge:
    """A count above the limit is bad; `what` says how many of what."""

    def judge(reading: Reading) -> Result:
        value, most = reading.value(observation), limit(reading.thresholds)
        if value is None:
            return Unknown()
        if value <= most:
            return Ok(well)
        threshold = f"at most {most:g}" if most else "none"
        return Bad(severity, what(value), threshold, reading.evidence(observation))

    return judge
