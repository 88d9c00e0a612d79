"""The trend over past drills: what each measured, as a plot and in a line. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ledger.drills import OUTAGE, RPO, RTO, WANTED, Drill
from ledger.page import Plot, PlotLimit, PlotLine, PlotMark, PlotPoint
from ledger.quantities import seconds_text
from ledger.units import Unit

# What a step leaves in what it found: those before this one, newest first, and when this one was measured.
HISTORY, MEASURED_AT = "drills_held", "drill_measured_at"
SHOWN = 12  # of those before: a quarter of weekly ones
_IN_A_LINE = 5
_NEAR = 10.0  # a limit that is further above than so many times the values would only flatten them
_MARGIN = timedelta(minutes=1)
_LABELS = {RTO: "RTO", RPO: "RPO", OUTAGE: "outage"}


def history(held: Sequence[Drill], now: datetime) -> dict[str, str]:
    """The drills before this one, as a step tells them."""
    told = [[one.at.isoformat(), one.passed, one.rto_seconds, one.rpo_seconds, one.outage_seconds] for one in held]
    return {HISTORY: json.dumps(told), MEASURED_AT: now.isoformat()}


def read_history(found: Mapping[str, str]) -> tuple[Drill, ...]:
    """Newest first; nothing where no step has told."""
    told = json.loads(found.get(HISTORY, "[]"))
    return tuple(
        Drill("", datetime.fromisoformat(at), passed, rto, rpo, outage_seconds=outage)
        for at, passed, rto, rpo, outage in told
    )


def in_a_line(held: Sequence[Drill], name: str) -> str:
    """“6.1 s, failed, 5.8 s”: of those before, the newest first."""
    return ", ".join(_in_words(one, name) for one in held[:_IN_A_LINE])


def plot_of(cluster: str, found: Mapping[str, str], names: Sequence[str]) -> tuple[Plot, ...]:
    """One plot of these over time, this drill the last point; none where there is nothing to compare it with."""
    if MEASURED_AT not in found:
        return ()
    now, before = datetime.fromisoformat(found[MEASURED_AT]), tuple(reversed(read_history(found)))
    lines = tuple(PlotLine(_LABELS[name], (*_points(before, name), _last(found, name, now))) for name in names)
    lines = tuple(line for line in lines if len(line.known) > 1)
    if not lines:
        return ()
    highest = max(point.value or 0.0 for line in lines for point in line.points)
    return (
        Plot(
            title=f"{cluster}: {' and '.join(line.label for line in lines)} of the last drills",
            unit=Unit.SECONDS,
            start=before[0].at - _MARGIN,
            end=now + _MARGIN,
            lines=lines,
            limits=tuple(_limits(found, names, highest)),
            marks=tuple(PlotMark(one.at, "failed") for one in before if not one.passed),
        ),
    )


def _limits(found: Mapping[str, str], names: Sequence[str], highest: float) -> Iterable[PlotLimit]:
    for name in names:
        limit = float(found.get(WANTED[name], "inf"))
        if limit <= _NEAR * highest:
            yield PlotLimit(f"{_LABELS[name]} at most {seconds_text(limit)}", limit)


def _points(held: Iterable[Drill], name: str) -> tuple[PlotPoint, ...]:
    return tuple(PlotPoint(one.at, _value(one, name)) for one in held)


def _last(found: Mapping[str, str], name: str, now: datetime) -> PlotPoint:
    return PlotPoint(now, float(found[name]) if name in found else None)


def _in_words(one: Drill, name: str) -> str:
    value = _value(one, name)
    if not one.passed:
        return "failed"
    return seconds_text(value) if value is not None else "not measured"


def _value(one: Drill, name: str) -> float | None:
    return {RTO: one.rto_seconds, RPO: one.rpo_seconds, OUTAGE: one.outage_seconds}[name]
