"""`/ha timeline [cluster|ALERT|OPERATION] [3h]`: what happened when, as a file in the incident's thread."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog
from sqlite_utils import Database

from commands.asked import Asked
from commands.authority import VIEW
from commands.connections import CONNECTIONS
from commands.lag import LAG
from commands.people import Face, Person
from commands.plots.measure import Measure
from commands.plots.page import Course, plot_of
from commands.records import record, show
from commands.timeline.events import WORDS, Event, events_of, merged
from commands.timeline.report import Timeline, file_of, timeline_page
from commands.timeline.scope import USAGE, Scope, scope_of, understood
from commands.world import World
from ledger.audit import AuditKind, AuditRecord, of_kind
from ledger.happened import plot_marks
from ledger.history.history import HistoryUnreadable
from ledger.outbox import was_put
from ledger.page import Page, Plot, Tone, text
from ledger.quantities import count_text

MOST_OF_A_KIND = 500
HISTORY_SECONDS, THREADS_SECONDS = 3.0, 10.0
_DRAWN: tuple[Measure, ...] = (LAG, CONNECTIONS)

_log = structlog.get_logger(__name__)


class ShowTimeline:
    """A deed, for it posts; whoever may look may ask for it, and asked again it takes the place of the last one."""

    name = "timeline"
    usage = USAGE
    summary = "What happened when, from the audit log, as a file in the thread; in the terminal as Markdown"
    right = VIEW

    async def do(self, asked: Asked, person: Person, words: Sequence[str], world: World) -> Page:
        wish, now = understood(words), world.now()
        scope = await world.ledger.read(lambda db: scope_of(db, wish, world.clusters, now))
        timeline = await _gather(scope, person, world)
        if asked.face is not Face.SLACK:
            await world.ledger.write(lambda db: _record(db, asked, timeline))
            return Page(f"Timeline of {scope.title}", Tone.INFO, "", (file_of(timeline),))
        await world.ledger.write(partial(_post, asked=asked, timeline=timeline, channel=_channel(scope, world)))
        where = f"the thread of {scope.card.replace('/', ' ')}" if scope.card else f"the channel of {scope.cluster}"
        line = f"{count_text(len(timeline.events), 'event')}, as a file in {where}."
        return Page(f"Timeline of {scope.title}", Tone.GOOD, line, (text(line),))


async def _gather(scope: Scope, person: Person, world: World) -> Timeline:
    """The audit log first: the rest is left out where it cannot be had in time."""
    records = await world.ledger.read(lambda db: _records(db, scope))
    cards = sorted({scope.card, *_cards(records)} - {None}, key=str)
    said = None
    try:
        async with asyncio.timeout(THREADS_SECONDS):
            said = await world.threads.said([str(card) for card in cards], scope.since, scope.until)
    except TimeoutError:
        _log.warning("timeline.threads_not_read")
    spoken = tuple(Event(one.at, f"“{one.text}”", one.by) for one in said or ())
    return Timeline(
        scope=scope,
        events=merged((*events_of(records), *spoken)),
        plots=await _plots(scope, person, world),
        threads=said is not None,
        cut=any(sum(one.entry.kind is kind for one in records) >= MOST_OF_A_KIND for kind in WORDS),
    )


def _records(db: Database, scope: Scope) -> list[AuditRecord]:
    found = (of_kind(db, kind, scope.cluster, scope.since, scope.until, MOST_OF_A_KIND) for kind in WORDS)
    return [record for records in found for record in records]


def _cards(records: Sequence[AuditRecord]) -> set[str | None]:
    """The messages below which people talk about it."""
    named = ((kind, one.entry.details.get(kind)) for one in records for kind in ("alert", "operation"))
    return {f"{kind}/{name}" for kind, name in named if name}


async def _plots(scope: Scope, person: Person, world: World) -> tuple[Plot, ...]:
    marks = await world.ledger.read(lambda db: plot_marks(db, scope.cluster, scope.since, scope.until))
    try:
        found = [
            (measure, await world.history.every_series(
                scope.cluster, measure.drawn, scope.since, scope.until, within=HISTORY_SECONDS
            ))
            for measure in _DRAWN
        ]  # fmt: skip
    except HistoryUnreadable as error:
        _log.info("timeline.without_plots", error=str(error))
        return ()
    limits = world.thresholds(scope.cluster)
    return tuple(
        plot_of(
            Course(scope.cluster, measure, series, scope.since, scope.until, limits, person.zone, marks=marks), series
        )
        for measure, series in found
        if any(one.known for one in series)
    )


def _channel(scope: Scope, world: World) -> str:
    return scope.channel or world.clusters[scope.cluster].channel


def _record(db: Database, asked: Asked, timeline: Timeline) -> None:
    details = {"command": ShowTimeline.name, "of": timeline.scope.title, "since": timeline.scope.since}
    record(db, asked, "do", AuditKind.COMMAND, timeline.scope.cluster, details)


def _post(db: Database, asked: Asked, timeline: Timeline, channel: str) -> None:
    """Below the incident's message, where there is one."""
    _record(db, asked, timeline)
    parent = timeline.scope.card
    if parent is not None and not was_put(db, parent):
        parent = None
    card = f"{parent}/timeline" if parent is not None else f"timeline/{asked.id}"
    show(db, asked.at, channel, card, timeline_page(timeline), parent)
