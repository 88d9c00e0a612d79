"""How alerts live, whatever they are about."""

from dataclasses import dataclass

from alerts.thresholds.kinds import MINUTE, seconds


@dataclass(frozen=True)
class LifeThresholds:
    cannot_see_for: float = seconds(30)
    cannot_see_critical_after: float = seconds(15 * MINUTE)
    # An operation that is still running after this long excuses no alert any more.
    operation_excuses_for: float = seconds(15 * MINUTE)
    # A resolved alert that comes back within this time is the same one, fired again.
    flap_window: float = seconds(2 * MINUTE)
