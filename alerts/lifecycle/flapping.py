"""An alert that comes and goes: said once, with how often, and resolved only when it has been well for a while.

Nagios calls a service flapping by the share of changes in its last 21 checks, Grafana by resolves within a time; what
people notice is how often they are told, so firings within a window are counted.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow, Flapping

_KEPT = 50  # of the last firings; no window needs more


def fired_now(before: Flapping, now: datetime, thresholds: Thresholds) -> Flapping:
    """The coming and going after it has fired once more; flapping from now on when that was too often."""
    window = timedelta(seconds=thresholds.flap_within)
    firings = (*(at for at in before.firings if now - at <= window), now)[-_KEPT:]
    if before.since is not None:
        return Flapping(firings, before.since, before.times + 1)
    often = thresholds.flap_firings
    if often and len(firings) >= often:
        return Flapping(firings, firings[0], len(firings))
    return Flapping(firings)


def is_flapping(alert: AlertRow) -> bool:
    return alert.flapping.since is not None


def calm(before: Flapping) -> Flapping:
    """What is left of it once it is resolved: its last firings, so that the next ones are counted with them."""
    return Flapping() if before.since is not None else replace(before, times=0)


def keep_seconds(alert: AlertRow, keep: float, thresholds: Thresholds) -> float:
    """For how long it must be well before it resolves, given what its rule asks for."""
    return max(keep, thresholds.flap_calm) if is_flapping(alert) else keep
