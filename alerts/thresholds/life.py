"""How alerts live, whatever they are about."""

from dataclasses import dataclass

from alerts.thresholds.kinds import DAY, HOUR, MINUTE, count, seconds


@dataclass(frozen=True)
class LifeThresholds:
    cannot_see_for: float = seconds(30)
    cannot_see_critical_after: float = seconds(15 * MINUTE)
    # An operation that is still running after this long excuses no alert any more.
    operation_excuses_for: float = seconds(15 * MINUTE)
    # How long it must be well again before an alert resolves, where its rule does not say otherwise.
    keep_firing_for: float = seconds(0)
    # A resolved alert that comes back within this time is the same one, fired again.
    flap_window: float = seconds(2 * MINUTE)
    # Alerts of one rule that begin within this time on one cluster are told in one message. 0 is never.
    group_within: float = seconds(30)
    # One that fires so often within this time is said to flap, once, until it has been well for a while. 0 is off.
    flap_firings: float = count(5)
    flap_within: float = seconds(20 * MINUTE)
    flap_calm: float = seconds(10 * MINUTE)

    # When an alert that nobody takes up is said again; each pause is twice the last. 0 is never.
    repeat_critical: float = seconds(15 * MINUTE)
    repeat_warning: float = seconds(4 * HOUR)
    repeat_longest: float = seconds(DAY)
    # An acknowledgement lasts so long (0: for ever); then who gave it is asked, and without an answer in time the next
    # ones are called.
    acknowledged_critical_for: float = seconds(HOUR)
    acknowledged_warning_for: float = seconds(8 * HOUR)
    acknowledged_answer_within: float = seconds(10 * MINUTE)

    # More new alerts than this in a minute in one channel are told in one table, critical ones apart; 0 is never. It is
    # over once fewer than that have begun within a while.
    storm_alerts: float = count(20)
    storm_calm: float = seconds(3 * MINUTE)
