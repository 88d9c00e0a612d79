"""What earlier restores of each cluster tell, read from the ledger now and then: it changes with a restore only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from ledger.drills import SWITCHING, Drill, drills
from ledger.ledger import Ledger
from ledger.recovery_rates import NOTHING_MEASURED, RecoveryRates, recovery_rates
from servers.inventory import Cluster

READ_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Practice:
    """How fast restores were, and the last drills that restored, and that switched over, newest first."""

    rates: RecoveryRates = NOTHING_MEASURED
    drills: tuple[Drill, ...] = ()
    failover_drills: tuple[Drill, ...] = ()


NO_PRACTICE = Practice()


class PracticeMemory:
    """A cluster without backups is not asked for."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._kept: dict[str, tuple[datetime, Practice]] = {}

    async def of(self, cluster: Cluster) -> Practice:
        """Raises LedgerError."""
        if cluster.backups is None:
            return NO_PRACTICE
        now, kept = self._clock(), self._kept.get(cluster.name)
        if kept is None or abs(now - kept[0]) >= READ_EVERY:
            kept = now, await self._ledger.read(lambda db: _practice(db, cluster.name))
            self._kept[cluster.name] = kept
        return kept[1]


def _practice(db: Database, cluster: str) -> Practice:
    return Practice(recovery_rates(db, cluster), drills(db, cluster), drills(db, cluster, SWITCHING))
