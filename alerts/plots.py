"""Puts a plot of the last hours into an alert's thread, once it has fired and the history has seen what set it off.

It goes its own way, after the state has been told: a picture must not hold up an alert, and one that cannot be made is
missed by nobody.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from sqlite_utils import Database

from alerts.lifecycle import held, own_group
from alerts.rules import RULES
from alerts.rules.custom.custom_rule import CustomRule
from alerts.rules.custom.expression import values
from alerts.rules.read_thresholds import thresholds_read
from alerts.thresholds import Thresholds
from alerts.thresholds.kinds import kind_of
from alerts.wording import title_of, tone_of
from ledger import outbox
from ledger.alerts import AlertRow
from ledger.errors import LedgerError
from ledger.happened import plot_marks
from ledger.history.history import History, HistoryUnreadable
from ledger.history.plot_line import line_of
from ledger.history.series import Series
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem
from ledger.page import Page, Plot, PlotLimit, text
from ledger.quantities import seconds_text
from ledger.units import Unit, value_text
from servers.inventory import Cluster

LOOK_EVERY = 5.0  # seconds
AFTER = timedelta(seconds=25)  # what set it off is in the history by then
UNTIL = timedelta(minutes=10)  # later it is no help any more
BACK = timedelta(hours=3)
AT_ONCE = 5  # a storm of them gets its plots one after the other

_log = logging.getLogger(__name__)


class Keeps(Protocol):
    """alerts.keeper.AlertKeeper."""

    def firing(self, cluster: str | None = None) -> tuple[AlertRow, ...]: ...
    def thresholds(self, cluster: str) -> Thresholds: ...


@dataclass(frozen=True, slots=True)
class Watched:
    """What a rule looks at, and the names of its thresholds."""

    names: tuple[str, ...]
    thresholds: tuple[str, ...] = ()


def watched_by_rules(custom: Iterable[CustomRule]) -> dict[str, Watched]:
    """By the rule's name; those of the settings have their threshold in the expression, where nobody can find it."""
    watched = {rule.name: Watched(rule.observes, thresholds_read(rule)) for rule in RULES}
    for rule in custom:
        watched[rule.name] = Watched(tuple(dict.fromkeys(value.name for value in values(rule.expression))))
    return watched


class AlertPlots:
    """`run` goes on until it is cancelled."""

    def __init__(
        self,
        keeper: Keeps,
        ledger: Ledger,
        history: History,
        clusters: Iterable[Cluster],
        watched: Mapping[str, Watched],
        clock: Callable[[], datetime],
    ) -> None:
        self._keeper = keeper
        self._ledger = ledger
        self._history = history
        self._channels = {cluster.name: cluster.channel for cluster in clusters}
        self._watched = watched
        self._clock = clock
        self._done: set[str] = set()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look()
            except (LedgerError, HistoryUnreadable) as error:
                _log.info("no plot for an alert: %s", error)
            except Exception:
                _log.exception("the plots of alerts broke")

    async def look(self) -> None:
        """Puts the plots that are due. Raises LedgerError and HistoryUnreadable."""
        now = self._clock()
        firing = self._keeper.firing()
        self._done &= {alert.id for alert in firing}
        due = [alert for alert in firing if alert.id not in self._done and _due(alert, now)]
        for alert in due[:AT_ONCE]:
            self._done.add(alert.id)
            plot = await self._plot(alert, now)
            if plot is not None:
                await self._ledger.write(partial(_put, item=self._item(alert, plot, now)))

    async def _plot(self, alert: AlertRow, now: datetime) -> Plot | None:
        watched = self._watched.get(alert.rule)
        if watched is None or alert.cluster not in self._channels:
            return None
        found = await self._history.every_series(alert.cluster, watched.names, now - BACK, now)
        series = _of_the_alert(found, watched.names, alert.subject)
        if series is None:
            return None
        limits = _limits(watched, series.unit, self._keeper.thresholds(alert.cluster))
        title = f"{alert.cluster}: {series.name.replace('_', ' ')}"
        marks = await self._ledger.read(lambda db: plot_marks(db, alert.cluster, now - BACK, now))
        return Plot(title, series.unit, now - BACK, now, (line_of(series),), limits, marks)

    def _item(self, alert: AlertRow, plot: Plot, now: datetime) -> OutboxItem:
        (line,) = plot.lines
        points = [point.value for point in line.known if point.value is not None]
        low, high = value_text(min(points), plot.unit), value_text(max(points), plot.unit)
        between = low if low == high else f"Between {low} and {high}"
        said = f"{between} in the last {seconds_text(BACK)}."
        page = Page(title_of(alert), tone_of(alert), f"{plot.title}, {line.label}. {said}", (text(said), plot))
        where = alert.channel or self._channels[alert.cluster]
        return OutboxItem(now, where, f"{own_group(alert.id)}/plot", page, parent=own_group(alert.id))


def _due(alert: AlertRow, now: datetime) -> bool:
    """Not one that is shown only with its cause: it has no thread."""
    return alert.fired_at is not None and not held(alert) and AFTER <= now - alert.fired_at <= UNTIL


def _put(db: Database, item: OutboxItem) -> None:
    """Once, a restart in between included; and only where there is a thread."""
    if not outbox.was_put(db, item.card) and item.parent is not None and outbox.was_put(db, item.parent):
        outbox.put(db, item)


def _of_the_alert(found: Sequence[Series], names: Sequence[str], subject: str) -> Series | None:
    """The first value that the rule looks at and that has a course: yes or no is said in a word."""
    candidates = [one for one in found if one.subject == subject and one.unit is not Unit.YES_OR_NO]
    return min(candidates, key=lambda one: names.index(one.name), default=None)


def _limits(watched: Watched, unit: Unit, thresholds: Thresholds) -> tuple[PlotLimit, ...]:
    """The rule's thresholds that are measured in the same unit; how far to fall below one is none."""
    kinds = {field.name: kind_of(field).unit for field in fields(thresholds)}
    names = (name for name in watched.thresholds if kinds[name].value == unit.value and "hysteresis" not in name)
    limits = (float(getattr(thresholds, name)) for name in names)
    return tuple(PlotLimit(value_text(value, unit), value) for value in limits if value > 0)
