"""Forwards alerts to paging services. What a service was told stands in the ledger once it has taken it, and what it is
to know follows from the alerts alone: whatever is lost in between is told again, under the same key."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from alerts.keeper import AlertKeeper
from alerts.lifecycle import held
from bot.asking import NotAnswered
from bot.paging.service import PagingService, Word
from ledger.alerts import AlertRow, AlertState, Severity, get
from ledger.errors import LedgerError
from ledger.forwarding import Told, save_told, told_of
from ledger.ledger import Ledger

EVERY = 2.0
LONGEST_PAUSE = 60.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Forwarding:
    """One service, and the severities that it is told of."""

    service: PagingService
    severities: frozenset[Severity]


def due(
    firing: Iterable[AlertRow], told: Mapping[str, Told], severities: frozenset[Severity], now: datetime
) -> Iterator[tuple[str, Told]]:
    """What is to be told next, by alert: at most one word each. Pure. Alerts that are silenced or only a consequence of
    another call nobody; one that was told of and does not fire any more is resolved, and told anew once it is back."""
    fires = {alert.id: alert for alert in firing}
    for alert in fires.values():
        known = told.get(alert.id)
        calls = alert.severity in severities and not held(alert) and not alert.silenced(now)
        if known in (None, Told.RESOLVED) and calls:
            yield alert.id, Told.TRIGGERED
        elif known is Told.TRIGGERED and alert.acknowledged_by is not None:
            yield alert.id, Told.ACKNOWLEDGED
    for alert_id, known in told.items():
        if known in (Told.TRIGGERED, Told.ACKNOWLEDGED) and alert_id not in fires:
            yield alert_id, Told.RESOLVED


class Forwarder:
    """Call `run` as a task, once the keeper was started. `title_of` makes an alert's headline."""

    def __init__(
        self,
        ledger: Ledger,
        keeper: AlertKeeper,
        forwardings: Sequence[Forwarding],
        title_of: Callable[[AlertRow], str],
        now: Callable[[], datetime],
    ) -> None:
        self._ledger, self._keeper, self._title_of, self._now = ledger, keeper, title_of, now
        self._forwardings = tuple(forwardings)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for forwarding in self._forwardings:
                tasks.create_task(self._forward(forwarding))

    async def tell_all(self, forwarding: Forwarding) -> None:
        """Tells one service everything that is due. Raises NotAnswered, LedgerError."""
        service = forwarding.service
        told = await self._ledger.read(lambda db: told_of(db, service.name))
        for alert_id, word in due(self._keeper.firing(), told, forwarding.severities, self._now()):
            alert = await self._alert(alert_id)
            if alert is None:
                continue
            try:
                await service.tell(Word(alert, self._title_of(alert), word))
                known = word
            except NotAnswered as error:
                if not error.refused:
                    raise
                _log.error("paging.refused", service=service.name, alert=alert_id, reason=str(error))
                known = Told.REFUSED
            await self._note(service.name, alert_id, known)

    async def _note(self, service: str, alert_id: str, told: Told) -> None:
        at = self._now()
        await self._ledger.write(lambda db: save_told(db, service, alert_id, told, at))

    async def _alert(self, alert_id: str) -> AlertRow | None:
        """As it is now: with its newest values while it fires, else as the ledger has it."""
        fires = {alert.id: alert for alert in self._keeper.firing()}
        if alert_id in fires:
            return fires[alert_id]
        row = await self._ledger.read(lambda db: get(db, alert_id))
        return row if row is not None and row.state is AlertState.RESOLVED else None

    async def _forward(self, forwarding: Forwarding) -> None:
        pause = EVERY
        while True:
            await asyncio.sleep(pause)
            try:
                await self.tell_all(forwarding)
                pause = EVERY
            except (NotAnswered, LedgerError) as error:
                pause = min(2 * pause, LONGEST_PAUSE)
                name = forwarding.service.name
                _log.warning("paging.not_told", service=name, reason=str(error), again_in=pause)
            except Exception:
                pause = LONGEST_PAUSE
                _log.exception("paging.broke", service=forwarding.service.name)
