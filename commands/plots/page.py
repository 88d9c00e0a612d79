"""A stretch of history as a page: the plot, and the numbers as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.plots.measure import Measure
from commands.plots.trend import seconds_until, trend
from ledger.history.plot_line import line_of
from ledger.history.series import Series
from ledger.page import Moment, Note, Page, Part, Plot, PlotLimit, PlotMark, Span, Table, Tone, text
from ledger.quantities import seconds_text
from ledger.units import value_text

UNKNOWN = "unknown"
FRESH = timedelta(seconds=90)  # what was known within it is what is now; older is the last that was known
MOST_SAID = 3
MOST_DRAWN = 7  # lines; as many colours can be told apart


@dataclass(frozen=True, slots=True)
class Course:
    """What the history has of it. `cuts`: buckets of how many seconds were given up before when, for want of room."""

    cluster: str
    measure: Measure
    series: tuple[Series, ...]
    start: datetime
    end: datetime
    limits: Mapping[str, float]
    zone: str
    cuts: tuple[tuple[int, datetime], ...] = ()
    marks: tuple[PlotMark, ...] = ()


def course_page(course: Course) -> Page:
    measure = course.measure
    title = f"{course.cluster}: {measure.title}"
    drawn = tuple(series for series in course.series if series.name in measure.drawn)
    if not course.series:
        return nothing_recorded(title, course.start, course.end)
    news = f"{'; '.join(_in_words(series, course.end) for series in _worst(drawn)[:MOST_SAID])}."
    return Page(
        title=title,
        tone=_tone(course, drawn),
        summary=f"{title}. {news}",
        parts=(
            text(news),
            plot_of(course, drawn),
            Table(
                ("Of", "Now", "Min", "Mean", "Max", "Trend"), tuple(_row(course, series) for series in course.series)
            ),
            *_until_full(measure, drawn),
            Note(tuple(_small_print(course))),
        ),
    )


def nothing_recorded(title: str, start: datetime, end: datetime, needs: str = "") -> Page:
    """Also where the bot has only just begun to watch. `needs`: what else may be missing, as a sentence."""
    line = f"Nothing was recorded in the last {seconds_text(end - start)}. The history is written while the bot runs."
    line = f"{line} {needs}".rstrip()
    return Page(title, Tone.UNKNOWN, line, (text(line),))


def plot_of(course: Course, drawn: Sequence[Series]) -> Plot:
    """The worst lines, if there are more than can be told apart."""
    shown = set(_worst(drawn)[:MOST_DRAWN])
    return Plot(
        title=f"{course.cluster}: {course.measure.title}",
        unit=course.measure.unit,
        start=course.start,
        end=course.end,
        lines=tuple(line_of(series) for series in drawn if series in shown),
        limits=tuple(
            PlotLimit(one.label.format(value=value_text(course.limits[one.name], course.measure.unit)), value, one.tone)
            for one in course.measure.thresholds
            if (value := course.limits.get(one.name)) is not None
        ),
        marks=course.marks,
        zone=course.zone,
    )


def _worst(drawn: Sequence[Series]) -> list[Series]:
    """Those first that were highest."""
    return sorted(drawn, key=lambda series: -max((bucket.maximum for bucket in series.known), default=0.0))


def _tone(course: Course, drawn: Sequence[Series]) -> Tone:
    """By the values of now against the thresholds; unknown where nothing is known now."""
    now = [value for series in drawn if (value := _now(series, course.end)) is not None]
    if not now:
        return Tone.UNKNOWN
    beyond = [one.tone for one in course.measure.thresholds if max(now) > course.limits.get(one.name, float("inf"))]
    if Tone.CRITICAL in beyond:
        return Tone.CRITICAL
    return Tone.WARNING if beyond else Tone.INFO


def _now(series: Series, now: datetime) -> float | None:
    for at, bucket in reversed(series.points()):
        if bucket is not None:
            fresh = now - at <= max(FRESH, timedelta(seconds=2 * series.step))
            return bucket.mean if fresh else None
    return None


def _in_words(series: Series, now: datetime) -> str:
    value, whole = _now(series, now), series.whole()
    said = UNKNOWN if value is None else value_text(value, series.unit)
    most = "" if whole is None or whole.maximum == value else f", at most {value_text(whole.maximum, series.unit)}"
    return f"{series.subject} now {said}{most}"


def _row(course: Course, series: Series) -> tuple[str, ...]:
    named = dict(course.measure.beside).get(series.name, course.measure.named)
    label = f"{series.subject}, {named}" if course.measure.beside and named else series.subject
    whole, now = series.whole(), _now(series, course.end)
    if whole is None:
        return (label, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
    numbers = (value_text(value, series.unit) for value in (whole.minimum, whole.mean, whole.maximum))
    return (label, UNKNOWN if now is None else value_text(now, series.unit), *numbers, _trend_text(series))


def _trend_text(series: Series) -> str:
    going = trend(series)
    if going is None:
        return UNKNOWN
    if going.steady:
        return "steady"
    hour = abs(going.slope) * 3600
    word = "rising" if going.slope > 0 else "falling"
    return f"{word} {value_text(hour, series.unit)} an hour"


def _until_full(measure: Measure, drawn: Sequence[Series]) -> tuple[Part, ...]:
    if measure.full is None:
        return ()
    ends = [(seconds, series) for series in drawn if (seconds := seconds_until(series, measure.full)) is not None]
    lines = (
        f"{series.subject} is full in {seconds_text(seconds)} at this rate."
        for seconds, series in sorted(ends, key=_first)
    )
    return tuple(text(line) for line in lines)


def _first(pair: tuple[float, Series]) -> float:
    return pair[0]


def _small_print(course: Course) -> list[Span]:
    step = max(series.step for series in course.series)
    spans: list[Span] = [
        "From ", Moment(course.start), " to ", Moment(course.end), f", a point each {seconds_text(step)}.",
    ]  # fmt: skip
    for size, before in course.cuts:
        if before > course.start:
            spans += [f" Values each {seconds_text(size)} before ", Moment(before), " were given up for want of room."]
    return spans
