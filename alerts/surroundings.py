"""What stands around the alerts of a cluster in a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerts.routes import Route
from alerts.storms import Weather
from ledger.silences import Silence


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`operation`: the message of the one that runs on the cluster, or ended a moment ago. `at_work`: in maintenance.
    `silences`: those that hold now. `routes`: where its alerts go; `weather`: of each channel where they may be told.
    """

    operation: str | None = None
    at_work: bool = False
    silences: tuple[Silence, ...] = ()
    routes: Sequence[Route] = ()
    weather: Mapping[str, Weather] = field(default_factory=dict)


NOTHING_AROUND = Surroundings()
