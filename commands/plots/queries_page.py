"""The queries that took most of a server's time, as a plot and a table, beside the same time last week."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.plots.page import nothing_recorded
from ledger.history.buckets import Bucket
from ledger.history.plot_line import line_of
from ledger.history.series import Series
from ledger.page import Moment, Note, Page, Plot, Table, Tone
from ledger.quantities import seconds_text, share_text
from ledger.query_series import QUERY_CALLS, QUERY_LOAD, QUERY_MEAN_SECONDS, Query, query_of
from ledger.units import Unit

MOST, DRAWN = 10, 5
SHOWN = 60  # characters of a query in a table
NEW = "new"
NEEDS = "Queries are known where the extension pg_stat_statements is installed."


@dataclass(frozen=True, slots=True)
class Queries:
    """What the history has, of the stretch and of the same one a week before."""

    cluster: str
    now: tuple[Series, ...]
    last_week: tuple[Series, ...]
    start: datetime
    end: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class _Of:
    """One query's numbers; `before` is its mean a week before. None: not known."""

    query: Query
    load: float
    mean: float | None
    calls: float | None
    before: float | None


def queries_page(seen: Queries) -> Page:
    title = f"{seen.cluster}: queries by the time they took"
    top = _top(seen)
    if not top:
        return nothing_recorded(title, seen.start, seen.end, NEEDS)
    first = top[0]
    return Page(
        title=title,
        tone=Tone.INFO,
        summary=f"{title}. First on {first.query.server}, {_load_text(first.load)}: {_short(first.query.text)}.",
        parts=(
            _plot(seen, title, top[:DRAWN]),
            Table(
                ("Rank", "Server", "Database", "Query", "Busy", "Mean", "Calls/s", "Mean against last week"),
                tuple(_row(number, one) for number, one in enumerate(top, 1)),
            ),
            Note(
                (
                    "From ", Moment(seen.start), " to ", Moment(seen.end),
                    ", by pg_stat_statements. Busy: backends that were at it on average.",
                )
            ),
        ),
    )  # fmt: skip


def _top(seen: Queries) -> list[_Of]:
    means, calls = (_wholes(seen.now, name) for name in (QUERY_MEAN_SECONDS, QUERY_CALLS))
    before = _wholes(seen.last_week, QUERY_MEAN_SECONDS)
    found = [
        _Of(
            query_of(subject),
            load,
            _mean(means.get(subject)),
            _mean(calls.get(subject)),
            _mean(before.get(subject)),
        )
        for subject, load in _loads(seen.now).items()
    ]
    return sorted(found, key=lambda one: -one.load)[:MOST]


def _loads(series: Sequence[Series]) -> dict[str, float]:
    """Over all the time in which the server's queries were known: one that was not among them took next to none."""
    loads = [one for one in series if one.name == QUERY_LOAD]
    looked: dict[str, set[int]] = {}
    for one in loads:
        known = {number for number, bucket in enumerate(one.buckets) if bucket is not None}
        looked.setdefault(query_of(one.subject).server, set()).update(known)
    return {
        one.subject: sum(bucket.mean for bucket in one.known) / len(looked[query_of(one.subject).server])
        for one in loads
        if one.known
    }


def _wholes(series: Iterable[Series], name: str) -> Mapping[str, Bucket]:
    wholes = {one.subject: one.whole() for one in series if one.name == name}
    return {subject: whole for subject, whole in wholes.items() if whole is not None}


def _mean(bucket: Bucket | None) -> float | None:
    return None if bucket is None else bucket.mean


def _plot(seen: Queries, title: str, top: Sequence[_Of]) -> Plot:
    loads = {one.subject: one for one in seen.now if one.name == QUERY_LOAD}
    lines = tuple(line_of(loads[one.query.subject], f"{number}") for number, one in enumerate(top, 1))
    return Plot(title, Unit.COUNT, seen.start, seen.end, lines, zone=seen.zone)


def _row(number: int, one: _Of) -> tuple[str, ...]:
    calls = "unknown" if one.calls is None else f"{one.calls:.3g}"
    mean = "unknown" if one.mean is None else seconds_text(one.mean)
    return (
        str(number),
        one.query.server,
        one.query.database,
        _short(one.query.text),
        _load_text(one.load),
        mean,
        calls,
        _change(one),
    )


def _change(one: _Of) -> str:
    """“3.2 times as long (was 4 ms)”. What the history did not have a week ago is called new to it."""
    if one.before is None or one.mean is None:
        return NEW if one.before is None else "unknown"
    if one.before <= 0:
        return f"was {seconds_text(one.before)}"
    times = one.mean / one.before
    if 0.9 <= times <= 1.1:
        return f"the same ({seconds_text(one.before)})"
    said = f"{times:.1f} times as long" if times > 1 else f"{share_text(times)} of it"
    return f"{said} (was {seconds_text(one.before)})"


def _load_text(load: float) -> str:
    return f"{load:.2f}" if load < 10 else f"{load:.0f}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1].rstrip()}…"
