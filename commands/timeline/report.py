"""A timeline as Markdown, to be kept; and as a page, for whoever looks now. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.markdown import as_table, as_text
from commands.timeline.events import Event
from commands.timeline.scope import Scope
from ledger.page import File, Moment, Page, Part, Plot, PlotPoint, Table, Tone, note, text
from ledger.quantities import count_text, seconds_text
from ledger.units import value_text

SHOWN = 12  # events in the message; the file has all of them


@dataclass(frozen=True, slots=True)
class Timeline:
    """`threads`: whether what people said in threads is among the events; `cut`: older ones were too many."""

    scope: Scope
    events: tuple[Event, ...]
    plots: tuple[Plot, ...]
    threads: bool
    cut: bool


def file_of(timeline: Timeline) -> File:
    name = timeline.scope.card or timeline.scope.cluster
    return File(f"timeline-{name.replace('/', '-')}.md", f"Timeline of {timeline.scope.title}", markdown(timeline))


def markdown(timeline: Timeline) -> str:
    scope = timeline.scope
    parts = (
        f"# Timeline of {as_text(scope.title)}",
        f"From {_utc(scope.since)} to {_utc(scope.until)}. All times are UTC.",
        *_people(timeline.events),
        as_table(("Time (UTC)", "What", "By", "Record"), map(_row, timeline.events)) or "Nothing is recorded.",
        *_measured(timeline.plots),
        " ".join(_whence(timeline)),
    )
    return "\n\n".join(parts) + "\n"


def timeline_page(timeline: Timeline) -> Page:
    """For the thread: the last events, the plots, and the file with everything."""
    scope, events = timeline.scope, timeline.events
    title = f"Timeline of {scope.title}"
    spoken = f"{title}: {count_text(len(events), 'event')} in {seconds_text(scope.until - scope.since)}"
    rows = tuple((f"{event.at:%H:%M:%S}", event.what, event.by) for event in events[-SHOWN:])
    parts: tuple[Part, ...] = (
        text("From ", Moment(scope.since), " to ", Moment(scope.until), f": {count_text(len(events), 'event')}."),
        *((Table(("UTC", "What", "By"), rows),) if rows else ()),
        *timeline.plots,
        note(*_whence(timeline)),
        file_of(timeline),
    )
    return Page(title, Tone.INFO, spoken, parts)


def _whence(timeline: Timeline) -> Iterator[str]:
    said = "what people said in the threads, which is no record" if timeline.threads else ""
    yield f"From the audit log{f', and {said}' if said else ''}; understudy audit verify proves that it is whole."
    if timeline.cut:
        yield " Earlier events are left out: there are too many. Ask for less time."


def _people(events: Sequence[Event]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(event.by for event in events if event.by))
    return (f"People and machines: {as_text(', '.join(names))}.",) if names else ()


def _row(event: Event) -> tuple[str, ...]:
    number = "thread" if event.record is None else str(event.record)
    return _utc(event.at), event.what, event.by, number


def _measured(plots: Sequence[Plot]) -> tuple[str, ...]:
    rows = [(plot.title, line.label, *_range(plot, line.known)) for plot in plots for line in plot.lines if line.known]
    return ("## Measured", as_table(("What", "Of", "Least", "Most"), rows)) if rows else ()


def _range(plot: Plot, points: Sequence[PlotPoint]) -> tuple[str, str]:
    values = [value for one in points for value in (one.low, one.value, one.high) if value is not None]
    return value_text(min(values), plot.unit), value_text(max(values), plot.unit)


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
