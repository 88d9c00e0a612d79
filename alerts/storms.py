"""When so many alerts begin in a channel that they are told in one table. Pure."""

from dataclasses import dataclass
from math import inf

from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow, Severity
from ledger.storms import storm_group

MINUTE = 60.0  # seconds in which new alerts are counted


@dataclass(frozen=True, slots=True)
class Weather:
    """How it is in one channel. `storm`: the one that blows, or the id of the one that would begin now. `room`: how
    many alerts may still begin there by themselves within this minute. `over`: it blows, and need not any more."""

    storm: str = ""
    raging: bool = False
    room: float = inf
    over: bool = False

    @property
    def group(self) -> str:
        return storm_group(self.storm)

    def taken(self) -> "Weather":
        """After one more alert has begun there."""
        return Weather(self.storm, self.raging, self.room - 1, self.over)


CALM = Weather()


def weather(storm: str, raging: bool, last_minute: int, last_while: int, limits: Thresholds) -> Weather:
    """From how many alerts began in the last minute, and in the while after which a storm is over."""
    if not limits.storm_alerts:
        return Weather(storm, raging, inf, over=raging)
    over = raging and last_while < limits.storm_alerts
    return Weather(storm, raging, limits.storm_alerts - last_minute, over)


def storm_holds(now: Weather, alert: AlertRow | None, severity: Severity, *, shown: bool) -> str | None:
    """The message of the storm in which it is told, for an alert that begins (None) or fires. What is critical has a
    message of its own in any weather, and one that has a message keeps it."""
    if severity is Severity.CRITICAL or shown:
        return None
    if alert is not None and alert.group.startswith(storm_group("")):
        # It leaves the table when the storm is over, no faster than alerts may begin.
        return alert.group if now.raging or now.room <= 0 else None
    return now.group if now.raging or now.room <= 0 else None
