"""Alerts that others send (Prometheus by its Alertmanager): kept in the ledger, read by each look from memory."""

from collections.abc import Iterable
from datetime import datetime

from sqlite_utils import Database

from ledger.ledger import Ledger
from ledger.outside_alerts import OutsideAlert, forget_resolved, outside_alerts, save_outside


class OutsideAlerts:
    """Call `start` before anything else."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, OutsideAlert] = {}

    async def start(self) -> None:
        """Raises LedgerError."""
        self._known = {one.fingerprint: one for one in await self._ledger.read(outside_alerts)}

    async def take(self, alerts: Iterable[OutsideAlert], now: datetime) -> None:
        """They stand in the ledger once this returns. One that was resolved long ago is forgotten.

        Raises LedgerError; the sender has to send them again then.
        """
        news = {one.fingerprint: one for one in alerts}

        def save(db: Database) -> frozenset[str]:
            save_outside(db, news.values())
            return forget_resolved(db, now)

        forgotten = await self._ledger.write(save)
        self._known = {name: one for name, one in {**self._known, **news}.items() if name not in forgotten}

    def of(self, cluster: str) -> tuple[OutsideAlert, ...]:
        """Those of the cluster, resolved ones of the last days included."""
        return tuple(one for one in self._known.values() if one.cluster == cluster)
