"""A plot as a picture (PNG), drawn with matplotlib. Blocking, about a tenth of a second; `bot.plots.plotter` has a
thread for it.

Read on a phone at night: large letters, few ticks, a dark card that stands out from a light Slack and rests in a dark
one. The colours are Okabe and Ito's (https://jfly.uni-koeln.de/color/), told apart by the colour-blind.
"""

import io
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from ledger.page import Plot, PlotLimit, PlotLine, Tone
from ledger.units import Unit, value_text

WIDTH, HEIGHT, DPI = 8.0, 4.0, 125  # inches, and dots an inch: 1000 by 500 pixels
CARD, INK, FAINT = "#1d232b", "#e8eaed", "#4a525c"
COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00")
_LIMITS = {Tone.CRITICAL: "#ff6b5e", Tone.WARNING: "#f0c64a"}
MOST_LINES = len(COLOURS)
LABEL = 28  # characters
# Steps that people count in; powers of two for sizes.
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)


def picture(plot: Plot) -> bytes:
    """The PNG. The value axis begins at zero, so that small movements look small."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor=CARD, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=CARD)
    lines = plot.lines[:MOST_LINES]
    for line, colour in zip(lines, COLOURS, strict=False):
        _draw_line(axes, line, colour)
    for limit in _limits_in_sight(plot):
        _draw_limit(axes, limit)
    _draw_marks(axes, plot)
    _scale(axes, plot)
    _dress(axes, plot, len(lines))
    buffer = io.BytesIO()
    canvas.print_png(buffer)
    return buffer.getvalue()


def _draw_line(axes: Axes, line: PlotLine, colour: str) -> None:
    """NaN is matplotlib's gap. One point between two gaps would be no line, so it gets a dot."""
    times = [date2num(point.at) for point in line.points]
    values = [math.nan if point.value is None else point.value for point in line.points]
    axes.plot(times, values, color=colour, linewidth=2.2, label=_short(line.label))
    if any(point.low is not None or point.high is not None for point in line.points):
        lows = [value if p.low is None else p.low for p, value in zip(line.points, values, strict=True)]
        highs = [value if p.high is None else p.high for p, value in zip(line.points, values, strict=True)]
        axes.fill_between(times, lows, highs, color=colour, alpha=0.25, linewidth=0)
    alone = [number for number in range(len(values)) if _alone(values, number)]
    axes.plot([times[n] for n in alone], [values[n] for n in alone], ".", color=colour, markersize=7)


def _alone(values: Sequence[float], number: int) -> bool:
    before = values[number - 1] if number else math.nan
    after = values[number + 1] if number + 1 < len(values) else math.nan
    return not math.isnan(values[number]) and math.isnan(before) and math.isnan(after)


def _limits_in_sight(plot: Plot) -> Iterator[PlotLimit]:
    """A threshold far above everything would press the values flat: then its label alone says where it is."""
    highest = _highest(plot)
    for limit in plot.limits:
        if highest <= 0 or limit.value <= 4 * highest:
            yield limit


def _highest(plot: Plot) -> float:
    values = (value for line in plot.lines for point in line.points for value in (point.value, point.high))
    return max((value for value in values if value is not None), default=0.0)


def _draw_limit(axes: Axes, limit: PlotLimit) -> None:
    colour = _LIMITS.get(limit.tone, INK)
    axes.axhline(limit.value, color=colour, linewidth=1.6, linestyle="--")
    axes.annotate(
        _short(limit.label), (1, limit.value), xycoords=("axes fraction", "data"), xytext=(-4, 4),
        textcoords="offset points", ha="right", va="bottom", color=colour, fontsize=12,
    )  # fmt: skip


def _draw_marks(axes: Axes, plot: Plot) -> None:
    for mark in plot.marks:
        if plot.start <= mark.at <= plot.end:
            axes.axvline(date2num(mark.at), color=INK, linewidth=1.2, linestyle=":")
            axes.annotate(
                _short(mark.label), (date2num(mark.at), 1), xycoords=("data", "axes fraction"), xytext=(4, -4),
                textcoords="offset points", ha="left", va="top", color=INK, fontsize=11, rotation=0,
            )  # fmt: skip


def _scale(axes: Axes, plot: Plot) -> None:
    zone = zone_of(plot)
    axes.set_xlim(date2num(plot.start), date2num(plot.end))
    locator = AutoDateLocator(tz=zone, minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone, show_offset=False))
    shown = [limit.value for limit in _limits_in_sight(plot)]
    top = max([_highest(plot), *shown]) or 1.0
    lowest = min((p.value for line in plot.lines for p in line.known if p.value is not None), default=0.0)
    axes.set_ylim(min(0.0, lowest * 1.1), top * 1.15)
    axes.yaxis.set_major_locator(_ticks(plot.unit, top))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: value_text(value, plot.unit)))


def _ticks(unit: Unit, top: float) -> FixedLocator | MaxNLocator:
    if unit is Unit.YES_OR_NO:
        return FixedLocator([0, 1])
    if unit is Unit.BYTES and top > 0:
        return FixedLocator(_multiples(2.0 ** math.floor(math.log2(top / 3)), top))
    if unit is Unit.SECONDS and top >= 4:
        step = next((step for step in _SECONDS if top / step <= 5), 86_400 * math.ceil(top / 86_400 / 5))
        return FixedLocator(_multiples(step, top))
    return MaxNLocator(nbins=5, integer=unit is Unit.COUNT and top >= 5)


def _multiples(step: float, top: float) -> list[float]:
    return [step * number for number in range(int(top * 1.15 / step) + 1)]


def _dress(axes: Axes, plot: Plot, lines: int) -> None:
    axes.set_title(_short(plot.title, 60), loc="left", color=INK, fontsize=15, fontweight="bold")
    axes.set_title(_zone_name(plot), loc="right", color=INK, fontsize=11)
    axes.tick_params(colors=INK, labelsize=13, length=0)
    axes.grid(color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    if lines > 1:
        legend = axes.legend(loc="upper left", fontsize=12, labelcolor=INK, facecolor=CARD, edgecolor=FAINT, ncols=2)
        legend.set_in_layout(False)
    if not any(line.known for line in plot.lines):
        axes.text(0.5, 0.5, "nothing is known", transform=axes.transAxes, ha="center", color=INK, fontsize=16)


def zone_of(plot: Plot) -> tzinfo:
    """The plot's time zone; UTC where it has none, or one that is not known here."""
    try:
        return ZoneInfo(plot.zone) if plot.zone else UTC
    except (LookupError, ValueError, OSError):
        return UTC


def _zone_name(plot: Plot) -> str:
    at: datetime = plot.end.astimezone(zone_of(plot))
    return at.strftime("%-d %b %Z")


def _short(text: str, most: int = LABEL) -> str:
    """In plain text: a dollar sign would begin matplotlib's mathematics."""
    line = " ".join(text.split()).replace("$", r"\$")
    return line if len(line) <= most else f"{line[: most - 1]}…"
