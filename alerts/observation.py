"""One value that a probe read out of a look at a cluster."""

from dataclasses import dataclass
from datetime import timedelta

from ledger.drills import Drill
from ledger.outside_alerts import OutsideAlert
from ledger.recovery_rates import NOTHING_MEASURED, RecoveryRates
from ledger.units import Unit as Unit
from servers.inventory import Cluster
from servers.state import ClusterState
from servers.verdict import Judgement


@dataclass(frozen=True, slots=True)
class Look:
    """What a probe reads: what was seen, what it means, and what was to be seen. `at_work`: in maintenance.

    `rates`: how fast earlier restores of it were; `drills`: the last ones that restored, `failover_drills`: the last
    ones that switched over, newest first; a full drill is among both. `outside`: what others
    alert of it.
    """

    cluster: Cluster
    state: ClusterState
    judgement: Judgement
    at_work: bool = False
    rates: RecoveryRates = NOTHING_MEASURED
    drills: tuple[Drill, ...] = ()
    failover_drills: tuple[Drill, ...] = ()
    outside: tuple[OutsideAlert, ...] = ()


# No look takes as long: one that seems to be older than this is not late, the clock was set back.
_LONGEST_LOOK = timedelta(minutes=1)


def overtaken(state: ClusterState, last: ClusterState) -> bool:
    """Whether this look began before the last one, and only ended later."""
    return timedelta(0) < last.at - state.at <= _LONGEST_LOOK


@dataclass(frozen=True, slots=True)
class Observation:
    """A named value of a subject (a server, a file system, the cluster). `value` None means: not known now.

    `server` is the server it was seen on, where there is one. `evidence` has one line a fact, for people to read.
    """

    name: str
    subject: str
    value: float | None
    unit: Unit
    evidence: tuple[str, ...] = ()
    server: str | None = None

    @property
    def known(self) -> bool:
        return self.value is not None


def yes(condition: bool | None) -> float | None:
    """The value of a yes-or-no observation; None stays unknown."""
    return None if condition is None else float(condition)
