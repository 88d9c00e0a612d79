"""Alerts that others send: what they say of a cluster stands beside what we see ourselves."""

from collections.abc import Iterable

from alerts.observation import Look, Observation, Unit
from ledger.alerts import Severity
from ledger.outside_alerts import OutsideAlert

OUTSIDE_ALERT = "outside_alert"
WARNS, IS_CRITICAL = 1.0, 2.0


def outside(look: Look) -> tuple[Observation, ...]:
    """`outside_alert` of each: 0 resolved, 1 a warning, 2 critical."""
    return observations_of(look.outside)


def observations_of(alerts: Iterable[OutsideAlert]) -> tuple[Observation, ...]:
    """Rules of one name with different severities are about one thing: what is worst of them counts."""
    worst: dict[str, OutsideAlert] = {}
    for one in alerts:
        known = worst.get(one.subject)
        if known is None or _value(one) > _value(known):
            worst[one.subject] = one
    return tuple(
        Observation(OUTSIDE_ALERT, subject, _value(one), Unit.COUNT, one.lines) for subject, one in worst.items()
    )


def _value(alert: OutsideAlert) -> float:
    if not alert.firing:
        return 0.0
    return IS_CRITICAL if alert.severity is Severity.CRITICAL else WARNS
