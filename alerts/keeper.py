"""Keeps the alerts: takes each look, and records every change of state before anybody hears of it.

Open alerts are held in memory and written only when something changes. At the start they are read from the ledger,
so that a restart loses nothing and repeats nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count

from sqlite_utils import Database

from alerts import lifecycle
from alerts.answers import (
    acknowledged_before_page,
    acknowledged_page,
    no_such_alert,
    nobody_asks_page,
    resolved_page,
    silenced_before_page,
    silenced_page,
    still_on_it_page,
)
from alerts.just_before import blocked_now
from alerts.lifecycle import Change, Track, Transition, held, own_group
from alerts.lifecycle.advance import still_counts
from alerts.looking_around import Prepared, look_around, prepare
from alerts.notices import SILENCES, Context, best_standby
from alerts.observation import Look, Observation, overtaken
from alerts.outside import OutsideAlerts
from alerts.practice import PracticeMemory
from alerts.record import By, draw_anew, record, record_unwatched
from alerts.round import Observed, Outcome, Tracks, blind, observe, play, tracks_of, with_alert
from alerts.routes import Route, destination
from alerts.rules import RULES
from alerts.rules.custom.custom_rule import CustomRules
from alerts.standing import NOTHING_STANDS, standing
from alerts.storm_keeping import begin_those, end_those_over, in_storm, storms_of
from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow, AlertState, get, history, open_alerts
from ledger.audit import Actor
from ledger.ledger import Ledger
from ledger.maintenance import in_maintenance
from ledger.page import Page
from ledger.who import Who
from servers.inventory import Cluster
from servers.state import ClusterState
from servers.verdict import Judgement

# How many of the last alerts are looked through at the start for those that may fire again.
RECENT = 500

_BEGINS = (Change.FIRED, Change.FIRED_AGAIN, Change.FLAPPING)
_FAILOVER_RULES = frozenset(rule.name for rule in RULES if rule.offers_failover)
_SECONDS = {choice: seconds for choice, _, seconds in SILENCES}


@dataclass(frozen=True, slots=True)
class _Mark:
    """A button: the change it makes (None: too late), and what to answer in either case."""

    change: Callable[[AlertRow, Who, datetime], Transition | None]
    done: Callable[[AlertRow], Page]
    too_late: Callable[[AlertRow], Page]


# The cluster's name, when the look began, and what it observed (ledger.history.history.History.record).
Remember = Callable[[str, datetime, tuple[Observation, ...]], None]


def forget(cluster: str, at: datetime, observations: tuple[Observation, ...]) -> None:
    """Nobody asks for the past."""


def no_runbook(rule: str) -> None:
    """No rule has one."""


class AlertKeeper:
    """`thresholds` are for all clusters, `for_clusters` for those with others. `clock` gives aware times in UTC.
    `remember` is handed what each look observed, and never waits; `custom_rules` are those of the settings. `clusters`
    may have some without servers, for what belongs to no cluster: `take_own` is for those. `outside` has what others
    alert, `runbook` the address of a rule's.
    """

    def __init__(
        self,
        ledger: Ledger,
        clusters: Iterable[Cluster],
        thresholds: Thresholds,
        clock: Callable[[], datetime],
        *,
        for_clusters: Mapping[str, Thresholds] | None = None,
        remember: Remember = forget,
        routes: Callable[[], Sequence[Route]] = tuple,
        custom_rules: CustomRules | None = None,
        outside: OutsideAlerts | None = None,
        runbook: Callable[[str], str | None] = no_runbook,
    ) -> None:
        self._ledger = ledger
        self._clusters = {cluster.name: cluster for cluster in clusters}
        self._thresholds = thresholds
        self._for_clusters = dict(for_clusters or {})
        self._remember = remember
        self._custom_rules = custom_rules or CustomRules()
        self._rules = {rule.name: rule for rule in (*RULES, *self._custom_rules.rules)}
        self._routes = routes
        self._clock = clock
        self._tracks: dict[str, Tracks] = defaultdict(dict)
        self._looks: dict[str, Look] = {}
        self._observed: dict[str, tuple[Observation, ...]] = {}
        self._outside = outside
        self._runbook = runbook
        self._practice = PracticeMemory(ledger, clock)
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._weather = asyncio.Lock()  # what one cluster begins to tell counts for the next one of its channel
        self._stormy: frozenset[str] = frozenset()  # channels in which a storm blows
        self._shown: dict[str, tuple[int | None, str | None, bool]] = {}  # what the open cards of a cluster show beside

    async def start(self) -> None:
        """Reads the open alerts, and those that may still fire again. Ends those that nobody can judge any more: their
        cluster is no longer in the settings, or their rule is no more.

        Raises LedgerError.
        """
        kept: dict[str, list[AlertRow]] = defaultdict(list)
        for row in await self._ledger.read(_kept):
            if row.cluster not in self._clusters or row.rule not in self._rules:
                await self._end_unwatched(row)
            elif self._still_matters(row):
                kept[row.cluster].append(row)
        for name, rows in kept.items():
            self._tracks[name] = tracks_of(rows)
        self._stormy = await self._ledger.read(storms_of)

    async def take(self, cluster: Cluster, state: ClusterState, judgement: Judgement) -> tuple[Transition, ...]:
        """Takes one look, and records what changed by it. A look older than the last one is left aside.

        Raises LedgerError; nothing has changed then, and the next look finds the same again.
        """
        async with self._turns[cluster.name]:
            last = self._looks.get(cluster.name)
            if last is not None and overtaken(state, last.state):
                return ()
            at_work, practice = await self._at_work(cluster, state), await self._practice.of(cluster)
            look = Look(cluster, state, judgement, at_work, practice.rates, practice.drills, practice.failover_drills)
            if self._outside is not None:
                look = replace(look, outside=self._outside.of(cluster.name))
            self._looks[cluster.name] = look
            observed = observe(look)
            said = self._custom_rules.observe(cluster.name, state.at, observed.observations)
            observed = replace(observed, observations=(*observed.observations, *said))
            self._note(cluster.name, state.at, observed.observations)
            transitions = await self._play(cluster, observed)
            await self._show_standing(cluster)
            return transitions

    async def take_own(
        self, cluster: Cluster, at: datetime, observations: tuple[Observation, ...]
    ) -> tuple[Transition, ...]:
        """Takes what was observed of something that is no cluster, as `take` does. Raises LedgerError."""
        async with self._turns[cluster.name]:
            self._note(cluster.name, at, observations)
            return await self._play(cluster, Observed(observations, complete=True))

    async def take_failure(self, cluster: Cluster, error: BaseException) -> tuple[Transition, ...]:
        """Takes note that a look failed altogether: nothing is known by it, and that is an alert of its own."""
        async with self._turns[cluster.name]:
            return await self._play(cluster, Observed((blind("at all", error),), complete=False))

    async def acknowledge(self, alert_id: str, actor: Actor, *, place: str | None, delivery: str | None) -> Page:
        """Marks it as somebody's. The page is the answer to who pressed: it says who was first, if somebody was."""
        mark = _Mark(lifecycle.acknowledge, acknowledged_page, acknowledged_before_page)
        return await self._mark(alert_id, By(actor, place, delivery), mark)

    async def still_on_it(self, alert_id: str, actor: Actor, *, place: str | None, delivery: str | None) -> Page:
        """Answers the question whether somebody is still on it; another than who was asked takes it over."""
        mark = _Mark(lifecycle.still_on_it, still_on_it_page, nobody_asks_page)
        return await self._mark(alert_id, By(actor, place, delivery), mark)

    async def silence(
        self, alert_id: str, choice: str, actor: Actor, *, place: str | None, delivery: str | None
    ) -> Page:
        """Keeps it quiet for as long as `choice` says (one of `notices.SILENCES`). ValueError for another choice."""
        if choice not in _SECONDS:
            raise ValueError(f"no such silence: {choice!r}; there are {', '.join(_SECONDS)}")
        change = partial(lifecycle.silence, seconds=_SECONDS[choice])
        mark = _Mark(change, silenced_page, silenced_before_page)
        return await self._mark(alert_id, By(actor, place, delivery), mark)

    def firing(self, cluster: str | None = None) -> tuple[AlertRow, ...]:
        """The alerts that fire, with their newest values; those that are held back too. Oldest first."""
        names = self._tracks if cluster is None else (cluster,)
        rows = [row for name in names for track in self._tracks.get(name, {}).values() if (row := track.firing)]
        return tuple(sorted(rows, key=lambda row: row.since))

    def observed(self) -> Mapping[str, tuple[Observation, ...]]:
        """What the last look at each cluster observed."""
        return self._observed

    def _note(self, cluster: str, at: datetime, observations: tuple[Observation, ...]) -> None:
        self._observed[cluster] = observations
        self._remember(cluster, at, observations)

    def thresholds(self, cluster: str) -> Thresholds:
        return self._for_clusters.get(cluster, self._thresholds)

    async def _play(self, cluster: Cluster, observed: Observed) -> tuple[Transition, ...]:
        now = self._clock()
        guess = self._round(cluster, observed, now, await self._around(cluster, now))
        if not guess.transitions:
            self._tracks[cluster.name] = guess.tracks
            return ()
        # What would fire again as the same alert is a new one where something turns out to hold it back.
        fresh = sum(transition.change in _BEGINS for transition in guess.transitions)
        async with self._weather:
            prepared = await self._ledger.read(
                lambda db: prepare(db, cluster, self._routes(), now, self._thresholds, fresh)
            )
            outcome = self._round(cluster, observed, now, prepared)
            if outcome.transitions:
                await self._record(cluster, outcome.tracks, outcome.transitions)
        self._tracks[cluster.name] = outcome.tracks
        return outcome.transitions

    async def _around(self, cluster: Cluster, now: datetime) -> Prepared:
        """What stands around the cluster, where that can matter: while nothing fires there, nothing is asked."""
        fires = any(track.firing is not None for track in self._tracks[cluster.name].values())
        if not fires and not self._stormy:
            return Prepared()
        around = await self._ledger.read(lambda db: look_around(db, cluster, self._routes(), now, self._thresholds))
        over = [channel for channel, weather in around.weather.items() if weather.over]
        if over:
            async with self._weather:
                await self._ledger.write(lambda db: end_those_over(db, over, now, self._thresholds))
                self._stormy = await self._ledger.read(storms_of)
                around = await self._ledger.read(
                    lambda db: look_around(db, cluster, self._routes(), now, self._thresholds)
                )
        return Prepared(around)

    async def _at_work(self, cluster: Cluster, state: ClusterState) -> bool:
        """Asked only where a probe cares: most looks need nothing of the ledger."""
        if state.patroni is None or not state.patroni.paused:
            return False
        now = self._clock()
        return await self._ledger.read(lambda db: in_maintenance(db, cluster.name, now) is not None)

    async def _show_standing(self, cluster: Cluster) -> None:
        """Draws the open cards anew when maintenance or an order has begun or ended since: nothing else changes."""
        tracks, now = self._tracks[cluster.name], self._clock()
        shown = [row for track in tracks.values() if (row := track.firing) is not None and not held(row)]
        if not shown:
            return
        stands = await self._ledger.read(lambda db: standing(db, cluster.name, now))
        if stands.shown == self._shown.get(cluster.name, NOTHING_STANDS.shown):
            return
        pages = [(row, self._context(cluster, tracks, row)) for row in shown]
        await self._ledger.write(lambda db: draw_anew(db, pages, cluster.channel, stands, now))
        self._shown[cluster.name] = stands.shown

    def _round(self, cluster: Cluster, observed: Observed, now: datetime, prepared: Prepared) -> Outcome:
        """One round. Beyond the prepared ids it gives out placeholders, for the round that only asks what would be."""
        ids = iter(prepared.ids)
        placeholders = count()
        return play(
            cluster,
            self._tracks[cluster.name],
            observed,
            now,
            self.thresholds(cluster.name),
            prepared.around,
            lambda: next(ids, None) or f"?{next(placeholders)}",
            tuple(self._rules.values()),
        )

    async def _record(
        self, cluster: Cluster, tracks: Tracks, transitions: Sequence[Transition], by: By | None = None
    ) -> bool:
        context_of = partial(self._context, cluster, tracks)
        causes = _causes(tracks)

        def write(db: Database) -> bool:
            begin_those(db, transitions)
            done = [record(db, transition, cluster.channel, context_of, causes, by) for transition in transitions]
            return all(done)

        recorded = await self._ledger.write(write)
        if any(in_storm(transition.after) for transition in transitions):
            self._stormy = await self._ledger.read(storms_of)
        return recorded

    def _context(self, cluster: Cluster, tracks: Tracks, alert: AlertRow) -> Context:
        look = self._looks.get(cluster.name)
        standby = None
        if alert.rule in _FAILOVER_RULES:
            standby = best_standby(cluster, look.state if look else None, alert.subject)
        group = own_group(alert.id)
        firing = (track.firing for track in tracks.values())
        held_back = tuple(row for row in firing if row is not None and held(row) and row.group == group)
        now = self._clock()
        goes_to = destination(self._routes(), cluster.channel, alert.severity, cluster.name, alert.rule, now)
        return Context(
            standby,
            held_back,
            calls=goes_to.calls,
            rule=self._rules.get(alert.rule),
            runbook=self._runbook(alert.rule),
            blocked=blocked_now(alert, self._observed.get(cluster.name, ())),
        )

    async def _mark(self, alert_id: str, by: By, mark: _Mark) -> Page:
        row = await self._ledger.read(lambda db: get(db, alert_id))
        if row is None:
            return no_such_alert(alert_id)
        cluster = self._clusters.get(row.cluster)
        if cluster is None or row.state is AlertState.RESOLVED:
            return resolved_page(row)
        async with self._turns[row.cluster]:
            return await self._mark_firing(row, cluster, by, mark)

    async def _mark_firing(self, row: AlertRow, cluster: Cluster, by: By, mark: _Mark) -> Page:
        tracks = self._tracks[cluster.name]
        alert = tracks.get((row.rule, row.subject), Track()).firing
        if alert is None or alert.id != row.id:
            # It was resolved while we waited for our turn.
            now_resolved = await self._ledger.read(lambda db: get(db, row.id))
            return resolved_page(now_resolved or row)
        transition = mark.change(alert, Who(by.actor.id, by.actor.name), self._clock())
        if transition is None:
            return mark.too_late(alert)
        after = with_alert(tracks, transition.after)
        if not await self._record(cluster, after, (transition,), by):
            return mark.too_late(alert)
        self._tracks[cluster.name] = after
        return mark.done(transition.after)

    async def _end_unwatched(self, alert: AlertRow) -> None:
        if alert.state is AlertState.RESOLVED:
            return
        now = self._clock()
        ended = replace(alert, state=AlertState.RESOLVED, resolved_at=now, value="no longer watched")
        transition = Transition(Change.RESOLVED, alert, ended, now)
        await self._ledger.write(partial(record_unwatched, transition=transition))

    def _still_matters(self, row: AlertRow) -> bool:
        """Firing, or resolved so lately that it may fire again."""
        if row.state is not AlertState.RESOLVED:
            return True
        shown = not held(row)
        return shown and still_counts(row, self._clock(), self.thresholds(row.cluster))


def _kept(db: Database) -> list[AlertRow]:
    return [*open_alerts(db), *(row for row in history(db, limit=RECENT) if row.state is AlertState.RESOLVED)]


def _causes(tracks: Tracks) -> dict[str, AlertRow]:
    firing = (track.firing for track in tracks.values())
    return {row.group: row for row in firing if row is not None and not held(row)}
