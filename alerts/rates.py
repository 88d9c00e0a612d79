"""How fast earlier restores of each cluster were, read from the ledger now and then: it changes with a restore only."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ledger.ledger import Ledger
from ledger.recovery_rates import NOTHING_MEASURED, RecoveryRates, recovery_rates
from servers.inventory import Cluster

READ_EVERY = timedelta(minutes=5)


class Rates:
    """Nothing is known of a cluster without backups, which is not asked for either."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._kept: dict[str, tuple[datetime, RecoveryRates]] = {}

    async def of(self, cluster: Cluster) -> RecoveryRates:
        """Raises LedgerError."""
        if cluster.backups is None:
            return NOTHING_MEASURED
        now, kept = self._clock(), self._kept.get(cluster.name)
        if kept is None or abs(now - kept[0]) >= READ_EVERY:
            kept = now, await self._ledger.read(lambda db: recovery_rates(db, cluster.name))
            self._kept[cluster.name] = kept
        return kept[1]
