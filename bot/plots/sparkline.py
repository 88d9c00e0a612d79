"""A plot in one line of characters, for where no picture can be shown: the terminal, and a Slack that takes no file."""

from collections.abc import Sequence

from ledger.page import Plot, PlotLine, PlotPoint
from ledger.units import value_text

BARS = "▁▂▃▄▅▆▇█"
GAP = " "
WIDTH = 40  # a phone's line in a fixed-width font


def sparklines(plot: Plot, width: int = WIDTH) -> list[str]:
    """A line for each series: its label, its course (blanks where it is not known), and between what it lies."""
    labels = [line.label for line in plot.lines]
    longest = max(map(len, labels), default=0)
    return [
        f"{label.ljust(longest)}  {_course(plot, line, width)}" for label, line in zip(labels, plot.lines, strict=True)
    ]


def spoken_plot(plot: Plot) -> list[str]:
    """For whoever hears it read out."""
    return [f"{plot.title}, {line.label}: {_range(plot, line)}" for line in plot.lines]


def _course(plot: Plot, line: PlotLine, width: int) -> str:
    cells = _cells(plot, line.points, width)
    known = [value for value in cells if value is not None]
    if not known:
        return "nothing is known"
    # From zero, as the picture has it: a flat line far above zero is flat.
    low, high = min(0.0, *known), max(known)
    return "".join(GAP if value is None else _bar(value, low, high) for value in cells) + f"  {_range(plot, line)}"


def _range(plot: Plot, line: PlotLine) -> str:
    known = line.known
    if not known:
        return "nothing is known"
    values = [value for point in known for value in (point.low, point.value, point.high) if value is not None]
    low, high = value_text(min(values), plot.unit), value_text(max(values), plot.unit)
    return low if low == high else f"{low} to {high}"


def _cells(plot: Plot, points: Sequence[PlotPoint], width: int) -> list[float | None]:
    """A character for each point, where there is room; else the most of what is known in each of as many stretches."""
    if len(points) <= width:
        return [point.value if point.high is None else point.high for point in points]
    span = (plot.end - plot.start).total_seconds() or 1.0
    cells: list[float | None] = [None] * width
    for point in points:
        value = point.value if point.high is None else point.high
        cell = int((point.at - plot.start).total_seconds() / span * width)
        if value is None or not 0 <= cell < width:
            continue
        before = cells[cell]
        cells[cell] = value if before is None else max(before, value)
    return cells


def _bar(value: float, low: float, high: float) -> str:
    if high <= low:
        return BARS[0]
    return BARS[min(int((value - low) / (high - low) * len(BARS)), len(BARS) - 1)]
